const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/* oxlint-disable no-control-regex -- finding control characters is what this is for */
/** Control characters and those of the writing direction: a name must not look like another one. */
const unsafe =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g
/* oxlint-enable no-control-regex */

/** A text as content of an element or of an attribute in quotes. */
export function escapeHtml(text: string): string {
  return text
    .replace(unsafe, '\ufffd')
    .replace(/[&<>"']/g, (character) => entities[character] ?? character)
}
