// One clock for every countdown on the page: a single timer, which forgets elements that have gone.

const watched = new Map();
let timer = null;

/** Calls `show` now and every second for as long as `element` is on the page. */
export function everySecond(element, show) {
  show();
  watched.set(element, { show, seen: false });
  timer ??= setInterval(turn, 1000);
  return element;
}

function turn() {
  for (const [element, entry] of watched) {
    if (element.isConnected) {
      entry.seen = true;
      entry.show();
    } else if (entry.seen) {
      watched.delete(element);
    }
  }
}
