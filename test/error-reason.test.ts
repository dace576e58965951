/** shared/error-reason.ts: every error of the map says in words what happened. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorReason } from '#shared/error-reason.ts';

test('a response flag says more than the code', () => {
  assert.equal(errorReason('503', 'UH'), 'no healthy upstream');
  assert.equal(errorReason('503', 'URX,UF'), 'retries exhausted, upstream connection failure');
  assert.equal(errorReason('503', 'ZZZ'), 'service unavailable');
});

test('codes are told in words', () => {
  assert.equal(errorReason('0', ''), 'no response');
  assert.equal(errorReason('404', ''), 'not found');
  assert.equal(errorReason('599', ''), 'server error');
  assert.equal(errorReason('450', ''), 'client error');
  assert.equal(errorReason('grpc 14', ''), 'unavailable');
  assert.equal(errorReason('grpc 99', ''), '');
});

test("a sender's error type is told in words where it is a name", () => {
  assert.equal(errorReason('ConnectionResetError', ''), 'connection reset');
  assert.equal(errorReason('java.net.SocketTimeoutException', ''), 'socket timeout');
  assert.equal(errorReason('ECONNREFUSED', ''), 'ECONNREFUSED');
  assert.equal(errorReason('HTTPError', ''), 'http');
  assert.equal(errorReason('timeout', ''), 'timeout');
  for (const code of ['', 'constructor property', '<b>', '12', 'ERROR: relation does not exist']) {
    assert.equal(errorReason(code, ''), '', code);
  }
});
