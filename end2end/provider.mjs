// A real OpenID Provider on loopback with a fixed set of people, for the journeys and for trying Berth's sign-in by hand:
//   node end2end/provider.mjs [PORT [BERTH-URL]]
import { createServer } from 'node:http';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { Provider } from 'oidc-provider';

/** Everyone who can sign in, by user name; no password is asked. */
export const people = {
  bea: { name: 'Bea Blue', groups: ['blue-devs'] },
  lena: { name: 'Lena Lead', groups: ['blue-leads'] },
  gus: { name: 'Gus Green', groups: ['green-devs'] },
  gwen: { name: 'Gwen Green', groups: ['green-leads'] },
  ada: { name: 'Ada Admin', groups: ['berth-admins'] },
  'nobody-known': { name: 'Nobody Known', groups: [] },
};

export const client = { id: 'berth', secret: 'a-secret-for-loopback-only' };

/**
 * Serves the provider for a Berth at `berth` (its public URL).
 * @returns {Promise<{ issuer: string, stop: () => Promise<void> }>}
 */
export async function startProvider({ berth, port = 0 }) {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, configuration(berth));
  provider.use(interactions(provider));
  server.on('request', provider.callback());
  return { issuer, stop: () => stopped(server) };
}

function configuration(berth) {
  return {
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        redirect_uris: [`${berth}/auth/callback`],
        post_logout_redirect_uris: [`${berth}/sign-in`],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      },
    ],
    jwks: { keys: [{ ...signingKey(), use: 'sig', alg: 'RS256', kid: 'loopback' }] },
    cookies: { keys: ['loopback-only'] },
    scopes: ['openid', 'profile', 'email', 'groups', 'offline_access'],
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username'],
      email: ['email', 'email_verified'],
      groups: ['groups'],
    },
    // Groups and e-mail come in the ID token itself, as companies' providers are set up.
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    ttl: { AccessToken: 3600, AuthorizationCode: 60, Grant: 86400, IdToken: 3600, Interaction: 600, RefreshToken: 86400, Session: 86400 },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: true, logoutSource },
    },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => account(id),
    // Whoever signs in agrees to what Berth asks for.
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope('openid profile email groups offline_access');
      await grant.save();
      return grant;
    },
    renderError(ctx, out) {
      ctx.type = 'html';
      ctx.body = page('The sign-in cannot go on', `<p>${escaped(out.error)}: ${escaped(out.error_description ?? '')}</p>`);
    },
  };
}

/** By way of text: Node.js 20 locks up where it frees what generated a key while it exports that same key as a JWK. */
function signingKey() {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return createPrivateKey(privateKey).export({ format: 'jwk' });
}

function account(id) {
  const person = Object.hasOwn(people, id) ? people[id] : undefined;
  if (!person) return undefined;
  return {
    accountId: id,
    claims: () => ({ sub: id, preferred_username: id, email: `${id}@example.test`, email_verified: true, ...person }),
  };
}

/** Asks for the user name, unless the client's `login_hint` names somebody. */
function interactions(provider) {
  return async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next();
    const { params } = await provider.interactionDetails(ctx.req, ctx.res);
    const username = ctx.method === 'POST' ? (await formOf(ctx.req)).get('username') : params.login_hint;
    if (account(username ?? '')) {
      ctx.respond = false;
      return provider.interactionFinished(ctx.req, ctx.res, { login: { accountId: username } });
    }
    ctx.type = 'html';
    ctx.body = loginPage(ctx.path, username);
  };
}

function loginPage(action, refused) {
  const names = Object.keys(people).join(', ');
  return page(
    'Who are you?',
    `<form method="post" action="${escaped(action)}">
      ${refused ? `<p role="alert">There is no ${escaped(refused)} here.</p>` : ''}
      <p><label>Username <input name="username" autocomplete="username" required autofocus></label> <button>Continue</button></p>
      <p>One of ${names}. No password is asked.</p>
    </form>`,
  );
}

/** The form comes from the provider; its button says yes. */
function logoutSource(ctx, form) {
  ctx.body = page('Signing out', `${form}<p><button form="op.logoutForm" name="logout" value="yes" autofocus>Sign out here too</button></p>`);
}

function page(title, body) {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
    <link rel="icon" href="data:,"><title>${title} · test provider</title>
    <body style="font: 16px/1.5 system-ui, sans-serif; margin: 3rem auto; max-width: 30rem; padding: 0 1rem"><h1>${title}</h1>${body}</html>`;
}

async function formOf(request) {
  let body = '';
  for await (const chunk of request) {
    body += chunk;
    if (body.length > 10_000) throw new Error('a user name is shorter');
  }
  return new URLSearchParams(body);
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function stopped(server) {
  return new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [port = '3001', berth = 'http://127.0.0.1:3000'] = process.argv.slice(2);
  const { issuer } = await startProvider({ berth, port: Number(port) });
  console.log(`[oidc]\nissuer = "${issuer}"\nclient_id = "${client.id}"\nclient_secret = "${client.secret}"`);
}
