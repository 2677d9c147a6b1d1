// Text and elements. Whatever a config names is put in as text, in an element that keeps its
// direction to itself.

/** Code points that are not seen, or that turn the text around them. */
const unseen =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** The text with every control character as `\u001b`, so that it is seen. */
function visible(text) {
  return String(text).replace(
    unseen, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
}

/**
 * A new element. `attributes`: `class`, `data-…` and the like; `onclick` and its kin are listeners.
 * Children are elements or texts, null for none.
 */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) {
      made.addEventListener(key.slice(2), value);
    } else {
      made.setAttribute(key, value === true ? '' : String(value));
    }
  }
  made.append(...children.flat(2).filter((child) => child !== null && child !== undefined));
  return made;
}

/** The same, no longer than a browser lays out at once. The config has the whole. */
function cut(text) {
  const most = 400;
  const whole = String(text);
  return visible(whole.length > most ? `${whole.slice(0, most)}…` : whole);
}

/** A name that someone chose: the style sheet cuts it to the room there is. */
function nameText(text) {
  const shown = cut(text);
  return element('bdi', {class: 'name', title: shown.length > 24 ? shown : null}, shown);
}

/**
 * A figure of the summary: what is shown, and the number itself for whoever reads the page with a
 * program. null is a dash.
 */
function figure(key, value, shown) {
  return element('span', {class: 'figure', 'data-key': key, 'data-value': String(value)},
                 value === null || value === undefined ? '–' : shown(value));
}
