// Elements out of plain calls, and lists that change only where their items did.
// Invariant: text only ever becomes a text node, so nothing a signal says can turn into markup.

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "indeterminate", "selected"]);

/** An HTML element. `on` holds listeners, `vars` custom properties, everything else is an attribute; null leaves out. */
export function h(tag, props, ...children) {
  return dress(document.createElement(tag), props, children);
}

/** The same for SVG. */
export function svg(tag, props, ...children) {
  return dress(document.createElementNS(SVG, tag), props, children);
}

function dress(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined) continue;
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name === "vars") for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
    else if (PROPERTIES.has(name) && name in element) continue;
    else if (value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  add(element, children);
  // Last, since the value of a select can only be one of its options.
  for (const name of PROPERTIES) if (props?.[name] !== undefined && name in element) element[name] = props[name] ?? "";
  return element;
}

/** Adds children: nodes as they are, lists flattened, nothing for null and false, everything else as text. */
export function add(element, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

/** Puts these children in place of all that were there. */
export function fill(element, ...children) {
  element.replaceChildren();
  return add(element, children);
}

const stamps = new WeakMap();

/** Makes the children of `parent` match `items`: unchanged ones stay, so focus, scroll and open details do too. */
export function match(parent, items, key, make) {
  const before = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  items.forEach((item, index) => {
    const id = String(key(item));
    const stamp = JSON.stringify(item);
    let element = before.get(id);
    before.delete(id);
    if (!element || stamps.get(element) !== stamp) {
      const fresh = make(item);
      fresh.dataset.key = id;
      stamps.set(fresh, stamp);
      if (element) replace(element, fresh);
      element = fresh;
    }
    if (parent.children[index] !== element) parent.insertBefore(element, parent.children[index] ?? null);
  });
  for (const gone of before.values()) gone.remove();
}

/** Replaces an element; what had the focus, or was open inside, has it again. */
export function replace(old, fresh) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const open = [...old.querySelectorAll("details[open][data-focus]")].map((details) => details.dataset.focus);
  old.replaceWith(fresh);
  for (const name of open) fresh.querySelector(`details[data-focus="${name}"]`)?.setAttribute("open", "");
  if (!focused) return;
  const again = focused === old ? fresh : fresh.querySelector(`[data-focus="${focused.dataset.focus ?? ""}"]`);
  (again ?? fresh).focus({ preventScroll: true });
}
