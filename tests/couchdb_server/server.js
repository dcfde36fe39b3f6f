'use strict';
// A server that speaks CouchDB's HTTP on 127.0.0.1, in memory: node server.js [PORT] [USER:PASSWORD]
// It prints "READY http://127.0.0.1:PORT" when it listens, and ends when its standard input does.
//
// PouchDB accepts more than CouchDB 3 does, and ignores some of what it cannot do. The rules below make it refuse both,
// so that a test that passes here does not fail against the real server for these reasons.

const crypto = require('crypto');
const fs = require('fs');
const os = require('os');
const path = require('path');
const express = require('express');

const port = Number(process.argv[2] || 0);
const [user, password] = (process.argv[3] || '').split(':');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'couchdb-server-'));
const LARGEST_DOCUMENT = 8000000;

process.on('unhandledRejection', (error) => console.error('unhandled', error && (error.reason || error.message)));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
process.on('SIGTERM', () => process.exit(0));
process.stdin.on('end', () => process.exit(0)).on('error', () => process.exit(0)).resume();

const configuration = path.join(folder, 'config.json');
const admins = user ? { admins: { [user]: password } } : {};
fs.writeFileSync(configuration, JSON.stringify({ ...admins, log: { level: 'none' } }));

const PouchDB = require('pouchdb-core')
  .plugin(require('pouchdb-adapter-memory'))
  .plugin(require('pouchdb-adapter-http'))
  .plugin(require('pouchdb-mapreduce'))
  .plugin(require('pouchdb-replication'))
  .defaults({ adapter: 'memory' });

function refuse(response, status, error, reason) {
  response.status(status).json({ error, reason });
}

function appendQuery(request, text) {
  request.url += (request.url.includes('?') ? '&' : '?') + text;
}

// CouchDB keeps a database in several files, whose changes it tells in no certain order.
function reversed(response) {
  const written = [];
  const end = response.end.bind(response);
  response.write = (text) => written.push(Buffer.from(text));
  response.end = (text) => {
    const told = Buffer.concat(text ? [...written, Buffer.from(text)] : written).toString();
    const answer = JSON.parse(told);
    if (answer.results) answer.results.reverse();
    response.removeHeader('content-length');
    end(answer.results ? JSON.stringify(answer) : told);
  };
}

// What CouchDB 3 refuses and PouchDB would take. Returns true when the request was answered.
function refused(request, response, parts) {
  const [database, document] = parts;
  const { method, query, headers } = request;
  if (query.startkey_docid || query.filter === '_selector' || document === '_purge' || parts[2] === 'queries') {
    refuse(response, 501, 'not_implemented', 'this server ignores it');
    return true;
  }
  // CouchDB has design documents under one address alone.
  if (/^_design\//.test(document || '')) {
    response.redirect(301, request.originalUrl.replace(/_design%2F/i, '_design/'));
    return true;
  }
  if (parts.length === 1 && method === 'PUT') {
    if (database[0] !== '_' && !/^[a-z][a-z0-9_$()+/-]*$/.test(database)) {
      refuse(response, 400, 'illegal_database_name', database);
      return true;
    }
  }
  if (method === 'GET' && document === '_changes' && !query.feed) reversed(response);
  if (method === 'POST' && parts.length === 1 && !/^application\/json/.test(headers['content-type'] || '')) {
    refuse(response, 415, 'bad_content_type', 'Content-Type must be application/json');
    return true;
  }
  return false;
}

// CouchDB 3.4 and later: five failures in five minutes lock the account, also for the right password.
const LOCK = { failures: 5, milliseconds: 300000 };
const failures = new Map();

async function who(authorization) {
  if (!authorization) return { name: null, roles: [] };
  const [name, typed] = Buffer.from(authorization.slice(6), 'base64').toString().split(/:(.*)/s);
  const recent = (failures.get(name) || []).filter((time) => Date.now() - time < LOCK.milliseconds);
  if (recent.length >= LOCK.failures) {
    throw { status: 403, error: 'forbidden', reason: 'Account is temporarily locked due to multiple authentication failures' };
  }
  if (name === user && typed === password) return { name, roles: ['_admin'] };
  const known = await new PouchDB('_users').get('org.couchdb.user:' + name).catch(() => null);
  const right = known && name !== user
    && crypto.pbkdf2Sync(typed, known.salt, known.iterations, 20, 'sha1').toString('hex') === known.derived_key;
  if (right) return { name, roles: known.roles };
  failures.set(name, [...recent, Date.now()]);
  throw { status: 401, error: 'unauthorized', reason: 'Name or password is incorrect.' };
}

// A fresh database of CouchDB 3 is for administrators alone, and so are databases and design documents as such.
async function admitted(request, { name, roles }, database, document) {
  if (roles.includes('_admin')) return;
  const refusal = name ? { status: 403, error: 'forbidden' } : { status: 401, error: 'unauthorized' };
  const writes = !/^(GET|HEAD|POST)$/.test(request.method);
  if (!document && writes) throw { status: 401, error: 'unauthorized', reason: 'You are not a server admin.' };
  const names = await PouchDB.allDbs();
  if (!names.includes(database)) return;
  const security = await new PouchDB(database).get('_local/_security').then((stored) => stored.security, () => null);
  const members = (security && security.members) || { names: [], roles: ['_admin'] };
  const member = (members.names || []).includes(name) || (members.roles || []).some((role) => roles.includes(role));
  if (!member) throw { ...refusal, reason: `You are not ${name ? 'allowed' : 'authorized'} to access this db.` };
  if (writes && /^_(design|security|revs_limit|index)/.test(document || '')) {
    throw { ...refusal, reason: 'You are not a db or server admin.' };
  }
}

function access(request, response, next) {
  if (!user) return next();
  const [database, document] = request.path.split('/').filter(Boolean).map(decodeURIComponent);
  return who(request.headers.authorization)
    .then((known) => database && (database[0] !== '_' || database === '_replicator') && admitted(request, known, database, document))
    .then(() => next(), ({ status, error, reason }) => refuseUnread(request, response, status, error, reason));
}

// CouchDB refuses without reading the body: beyond what sockets hold, the client is still sending and sees a reset
// instead of the answer.
const HELD_BY_SOCKETS = 2000000;

function refuseUnread(request, response, status, error, reason) {
  if (Number(request.headers['content-length']) > HELD_BY_SOCKETS) return request.socket.resetAndDestroy();
  return refuse(response, status, error, reason);
}

function missing(request, response, next) {
  const [database, document] = request.path.split('/').filter(Boolean).map(decodeURIComponent);
  if (request.method !== 'PUT' || !document || database[0] === '_') return next();
  return PouchDB.allDbs().then((names) => (
    names.includes(database) ? next() : refuseUnread(request, response, 404, 'not_found', 'Database does not exist.')
  ));
}

// Two who make the same index at once: the second gets a conflict as an error of the server.
const beingIndexed = new Set();

function index(request, response, next) {
  if (request.method !== 'POST' || !/^\/[^/]+\/_index$/.test(request.path)) return next();
  return express.json()(request, response, () => {
    request._body = true;
    const key = request.path + request.body.ddoc;
    if (beingIndexed.has(key)) {
      return refuse(response, 500, 'error_saving_ddoc', 'Encountered a conflict while saving the design document.');
    }
    beingIndexed.add(key);
    response.on('close', () => beingIndexed.delete(key));
    return next();
  });
}

function rules(request, response, next) {
  delete request.headers['accept-encoding'];
  // CouchDB takes a document for JSON whatever it is called.
  if (request.method === 'PUT' && /^\/[^/]+\/[^/]+$/.test(request.path)) request.headers['content-type'] = 'application/json';
  const parts = request.path.split('/').filter(Boolean).map(decodeURIComponent);
  const [database, document] = parts;
  if (!database || (database[0] === '_' && !/^_(users|replicator)$/.test(database))) return next();
  if (refused(request, response, parts)) return undefined;
  if (request.method === 'DELETE' && parts.length === 1) {
    return PouchDB.allDbs().then((names) => (
      names.includes(database) ? next() : refuse(response, 404, 'not_found', 'Database does not exist.')
    ));
  }
  if (request.method === 'DELETE' && parts.length > 1 && !request.query.rev && !/^_(local|index)$/.test(document)) {
    const revision = request.headers['if-match'];
    if (!revision) return refuse(response, 409, 'conflict', 'Document update conflict.');
    appendQuery(request, 'rev=' + revision.replace(/"/g, ''));
  }
  if (request.method === 'POST' && document === '_find') {
    return express.json()(request, response, () => {
      request.body.limit = request.body.limit || 25;
      request._body = true;
      next();
    });
  }
  if (request.method === 'PUT' && parts.length === 2 && document[0] !== '_') return bounded(request, response, next);
  if (request.method === 'POST' && document === '_bulk_docs') return replicated(request, response, next);
  return next();
}

// pouchdb-validation, asked whether a document may change, gives it the revisions of the stored one: where a database has a rule, no
// copy of a newer revision would arrive.
function replicated(request, response, next) {
  express.json({ limit: '1gb' })(request, response, (error) => {
    if (error) return refuse(response, 400, 'bad_request', 'invalid UTF-8 JSON');
    for (const document of request.body.docs || []) {
      const { _revisions: revisions } = document || {};
      if (revisions) Object.defineProperty(document, '_revisions', { get: () => revisions, set() {}, enumerable: true });
    }
    request._body = true;
    return next();
  });
}

// CouchDB bounds a document without its attachments.
function bounded(request, response, next) {
  express.json({ limit: '1gb' })(request, response, (error) => {
    if (error) return refuse(response, 400, 'bad_request', 'invalid UTF-8 JSON');
    const { _attachments: attachments, ...body } = request.body;
    if (JSON.stringify(body).length > LARGEST_DOCUMENT) return refuse(response, 413, 'document_too_large', request.path);
    request._body = true;
    const path = request.path.split('/').filter(Boolean).map(decodeURIComponent);
    return unchanged(path, body._rev || request.query.rev)
      .then((fits) => (fits ? next() : refuse(response, 409, 'conflict', 'Document update conflict.')));
  });
}

// CouchDB looks at the revision before it asks a design document whether a change is allowed.
async function unchanged([database, document], revision) {
  if (!(await PouchDB.allDbs()).includes(database)) return true;
  const stored = await new PouchDB(database).get(document).catch(() => null);
  return !stored || stored._rev === revision;
}

// The jobs of _replicator, with what CouchDB 3 has and express-pouchdb's own replicator lacks: "auth" and "selector".
const jobs = new Map();

function end(description, own) {
  const { url, auth } = description;
  const prefix = own + '/';
  if (url.startsWith(prefix)) return new PouchDB(decodeURIComponent(url.slice(prefix.length)));
  return new PouchDB(url, { adapter: 'http', skip_setup: true, auth: auth && auth.basic });
}

function startJob(document, own) {
  const { source, target, continuous, selector } = document;
  const job = { state: 'initializing', error: null, written: 0 };
  job.replication = PouchDB.replicate(end(source, own), end(target, own), { live: continuous, retry: true, selector })
    .on('change', (change) => Object.assign(job, { state: 'running', written: change.docs_written }))
    .on('active', () => Object.assign(job, { state: 'running', error: null }))
    .on('paused', (error) => Object.assign(job, { state: error ? 'crashing' : 'running', error: error && String(error) }))
    .on('error', (error) => Object.assign(job, { state: 'failed', error: String(error.message || error) }));
  jobs.set(document._id, job);
}

function replicate(own) {
  new PouchDB('_replicator').changes({ live: true, include_docs: true, since: 0 }).on('change', ({ id, doc, deleted }) => {
    if (jobs.has(id)) jobs.get(id).replication.cancel();
    jobs.delete(id);
    if (!deleted && doc.source && doc.target) startJob(doc, own);
  });
}

const application = express();
application.get('/_up', (request, response) => response.json({ status: 'ok', seeds: {} }));
application.get('/_scheduler/docs/_replicator/:id', (request, response) => {
  const job = jobs.get(request.params.id);
  if (!job) return refuse(response, 404, 'not_found', 'There is no such job.');
  const info = job.error ? { error: job.error } : { docs_written: job.written };
  return response.json({ doc_id: request.params.id, state: job.state, info });
});
application.use(access, missing, index, rules);
application.use(require('express-pouchdb')(PouchDB, {
  configPath: configuration,
  logPath: path.join(folder, 'log.txt'),
  overrideMode: { exclude: ['compression', 'routes/fauxton', 'disk-size', 'replicator'] },
}));
const server = application.listen(port, '127.0.0.1', () => {
  const url = 'http://127.0.0.1:' + server.address().port;
  replicate(url);
  console.log('READY ' + url);
});
