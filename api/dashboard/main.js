// Signs in by link or token, says who is signed in, signs out.
const at = (id) => document.getElementById(id);
const api = '/api/v1';
let csrf = '';

const call = (method, path, body) => fetch(api + path, {
  method,
  headers: { 'Content-Type': 'application/json', 'X-SkyTwin-CSRF': csrf },
  body: body && JSON.stringify(body),
});

async function show(answer) {
  const known = answer.ok;
  const body = await answer.json();
  csrf = (known && body.csrf) || '';
  at('sign-in').hidden = known;
  at('sign-out').hidden = !known;
  at('who').textContent = known
    ? `Signed in as ${body.user ? body.user.name : 'an operator'}.`
    : 'You are not signed in. Open a link from `skytwin login`, or paste a token.';
}

at('sign-in').addEventListener('submit', async (event) => {
  event.preventDefault();
  await show(await call('POST', '/sign-in', { token: at('token').value.trim() }));
});
at('sign-out').addEventListener('click', async () => {
  await call('POST', '/sign-out');
  await show(await call('GET', '/session'));
});

const link = location.hash.slice(1);
if (location.pathname === '/sign-in' && link) {
  history.replaceState(null, '', '/');
  await show(await call('POST', '/sign-in', { link }));
} else {
  await show(await call('GET', '/session'));
}
