{
  'targets': [
    {
      'target_name': 'posix',
      'sources': [
        'posix.c',
        'support.c',
        'status.c',
        'directory.c',
        'descriptor.c',
        'small-files.c',
        'xattr.c'
      ],
      'defines': ['NAPI_VERSION=8', '_GNU_SOURCE', '_FILE_OFFSET_BITS=64'],
      'cflags': ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-fvisibility=hidden']
    }
  ]
}
