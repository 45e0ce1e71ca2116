// Addresses without reloads: a table of patterns, the page's own history, and where the eye was on each page.

let table = [];
let show = () => {};
let listening = false;
const places = new Map();

/** Takes the pages as [pattern, page], such as ["/activity/:id", page], and who shows them. */
export function route(pages, shower) {
  table = pages.map(([pattern, page]) => [pattern.split("/"), page]);
  show = shower;
  if (!listening) {
    history.scrollRestoration = "manual";
    addEventListener("popstate", () => open(false));
    document.addEventListener("click", follow);
    addEventListener("scroll", remember, { passive: true });
  }
  listening = true;
  open(false);
}

function follow(event) {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (link.target || link.origin !== location.origin || link.pathname.startsWith("/api/") || link.hasAttribute("download")) return;
  if (link.hash && link.pathname === location.pathname) return;
  event.preventDefault();
  go(link.pathname + link.search);
}

/** Goes to a page of ours. */
export function go(path, { instead = false } = {}) {
  remember();
  if (instead) history.replaceState({ place: crypto.getRandomValues(new Uint32Array(1))[0] }, "", path);
  else history.pushState({ place: crypto.getRandomValues(new Uint32Array(1))[0] }, "", path);
  open(true);
}

function remember() {
  places.set(history.state?.place ?? 0, scrollY);
}

function open(anew) {
  const parts = location.pathname.replace(/\/+$/, "").split("/");
  for (const [pattern, page] of table) {
    if (pattern.length !== (parts.length || 1)) continue;
    const found = {};
    const fits = pattern.every((part, index) => {
      if (part.startsWith(":")) found[part.slice(1)] = decodeURIComponent(parts[index]);
      return part.startsWith(":") || part === parts[index];
    });
    if (fits) return show(page, found, anew ? 0 : (places.get(history.state?.place ?? 0) ?? 0));
  }
  return show(null, {}, 0);
}
