// The way to the API: one function per method, refusals as `Refused`, and no answer at all as `Refused` with code "away".
// Why here: CSRF, keys against doubled requests and time-outs belong to every call alike.

const ROOT = "/api/v1";
const PATIENCE = 30_000;

let csrf = null;
let signedOut = () => {};

/** A refusal of the API (RFC 9457), or none of its answers reached us. */
export class Refused extends Error {
  constructor(problem, status) {
    super(problem.detail ?? problem.title ?? "It did not work.");
    this.status = status;
    this.code = problem.code ?? "away";
    this.title = problem.title ?? "It did not work";
    this.errors = problem.errors ?? [];
    this.problem = problem;
  }

  /** Nothing reached the server, or nothing came back: try again later. */
  get away() {
    return this.code === "away";
  }
}

/** What every changing request carries from now on. */
export function useCsrf(token) {
  csrf = token;
}

/** What to do when the session is over. */
export function whenSignedOut(act) {
  signedOut = act;
}

/** A key under which a request may be sent again without being done again. */
export function key() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function call(method, path, { body, etag, once, signal, quiet } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (etag) headers["If-Match"] = etag;
  if (method !== "GET") {
    if (csrf) headers["X-SkyTwin-CSRF"] = csrf;
    if (method === "POST") headers["Idempotency-Key"] = once ?? key();
  }
  const limits = [AbortSignal.timeout(PATIENCE)];
  if (signal) limits.push(signal);
  let response;
  try {
    response = await fetch(ROOT + path, {
      method, headers, credentials: "same-origin", cache: "no-store",
      body: body === undefined ? undefined : JSON.stringify(body), signal: AbortSignal.any(limits),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refused({ title: "No answer", detail: "SkyTwin can't be reached. Nothing is lost; try again in a moment." }, 0);
  }
  const text = await response.text();
  let content = null;
  try {
    content = text ? JSON.parse(text) : null;
  } catch {
    throw new Refused({ title: "An answer that can't be read", detail: "Something between here and SkyTwin answered instead." }, response.status);
  }
  if (response.ok) return { body: content, etag: response.headers.get("ETag"), status: response.status };
  if (response.status === 401 && !quiet) signedOut();
  throw new Refused(content ?? {}, response.status);
}

/** Reads; gives the body. */
export const get = async (path, options) => (await call("GET", path, options)).body;
/** Reads; gives the body and its revision. */
export const read = (path, options) => call("GET", path, options);
/** Posts; a network failure does not tell whether it was done, so the same key makes trying again safe. */
export const post = async (path, body, options) => (await call("POST", path, { body, ...options })).body;
/** Replaces; with `etag` only what is still as it was seen. */
export const put = async (path, body, options) => (await call("PUT", path, { body, ...options })).body;
/** Removes. */
export const remove = async (path, options) => (await call("DELETE", path, options)).body;

/** A path with a query; what is null, empty or false is left out. */
export function query(path, values) {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false);
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}
