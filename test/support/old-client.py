"""A client of the documented system's endpoints as its users wrote them: urllib alone, one base URL with credentials."""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request

url = urllib.parse.urlsplit(sys.argv[1])
base = f"{url.scheme}://{url.hostname}:{url.port}"
passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
passwords.add_password(None, base, url.username, url.password)
opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(passwords))


def call(method, path, body=None, **query):
    address = f"{base}/admin/backup{path}"
    if query:
        address += "?" + urllib.parse.urlencode(query)
    data = None if body is None else json.dumps(body).encode()
    headers = {} if body is None else {"Content-Type": "application/json"}
    request = urllib.request.Request(address, data=data, method=method, headers=headers)
    try:
        with opener.open(request, timeout=120) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


answers = {}
answers["empty"] = call("GET", "/status")
answers["create"] = call("POST", "/create", {"backup_type": "full", "description": "before upgrade"})
backup_id = answers["create"][1]["backup"]["backup_id"]
answers["index"] = call("POST", "/create", backup_type="index", description="by query")
answers["list"] = call("GET", "/list")
answers["list_index"] = call("GET", "/list", backup_type="index")
answers["status"] = call("GET", "/status")
answers["restore"] = call("POST", "/restore", {"backup_id": backup_id, "target_path": sys.argv[2], "verify": True})
answers["restore_refused"] = call("POST", "/restore", backup_id=backup_id, target_path="/etc/holdfast-test")
answers["restore_missing"] = call("POST", "/restore", {"backup_id": "backup_1"})
answers["schedule"] = call("POST", "/schedule")
answers["cleanup"] = call("POST", "/cleanup")
answers["delete"] = call("DELETE", f"/{answers['index'][1]['backup']['backup_id']}")
answers["delete_again"] = call("DELETE", "/backup_1")
answers["wrong_type"] = call("POST", "/create", {"backup_type": "everything"})
json.dump(answers, sys.stdout)
