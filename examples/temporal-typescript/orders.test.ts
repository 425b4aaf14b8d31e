/**
 * Orders from start to end against running programs. test/e2e/node_test.go starts them, with a fast clock of the sandbox, and
 * sets TEMPORAL_ADDRESS and RAMP_KEYSET_FILE.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Client, Connection, WithStartWorkflowOperation, WorkflowNotFoundError } from '@temporalio/client';
import { readKeyset, RampartCodec } from './codec.js';
import { awaitOrder, type ContractError, contractError, getOrder, type OnrampRequest, type Order, result, startOnramp, submitUtr } from './rampart.js';

const connection = await Connection.connect({ address: process.env.TEMPORAL_ADDRESS });
const codec = new RampartCodec(await readKeyset(process.env.RAMP_KEYSET_FILE!));
const client = new Client({ connection, dataConverter: { payloadCodecs: [codec] } });
/** A client without the keyset. */
const stranger = new Client({ connection });
after(() => connection.close());

function request(reference: string, changes: Partial<OnrampRequest> = {}): OnrampRequest {
  return {
    reference,
    email: 'asha+linked@example.test',
    fiat: { currency: 'INR', amount: '1000.00' },
    token: { symbol: 'USDC', address: '0x3c499c542cef5e3811e1192ce70d8cc03d5c3359', chainId: 137 },
    walletAddress: '0x1111111111111111111111111111111111111111',
    paymentMethod: 'INR_UPI',
    upi: { id: 'asha@okbank', name: 'Asha Rao' },
    ...changes,
  };
}

/** Returns the error of the contract with which a promise rejects. */
async function refused(type: string, attempt: Promise<unknown>): Promise<ContractError> {
  const error = await attempt.then(
    () => assert.fail(`there is no ${type}`),
    (error: unknown) => error,
  );
  const problem = contractError(error);
  assert.ok(problem, `not an error of the contract: ${error}`);
  assert.equal(problem.type, type, problem.message);
  return problem;
}

/** Starts a workflow with the client's default policies. */
async function startBare(by: Client, workflowId: string, args: unknown[]): Promise<void> {
  await by.workflow.start('Onramp', { workflowId, taskQueue: 'ramp', args });
}

test('an order runs from its start to its end', async () => {
  const asked = request('node-1');
  const order = await startOnramp(client, asked);
  assert.equal(order.status, 'awaiting_payment');
  assert.match(order.instructions!.upi!.qr, /^upi:\/\/pay\?/);

  const paid = await submitUtr(client, 'node-1', '412345670001');
  assert.equal(paid.proof!.utr, '412345670001');
  assert.ok(paid.proof!.acceptedAt);

  assert.equal((await result(client, 'node-1')).status, 'completed');
  assert.equal((await getOrder(client, 'node-1')).status, 'completed', 'a query answers after the end too');
  assert.equal((await startOnramp(client, asked)).status, 'completed', 'and so does another start');
});

test('a reference is one order, and another request under it is refused', async () => {
  await startOnramp(client, request('node-2'));
  const { reference, ...others } = request('node-2', { fiat: { currency: 'INR', amount: '1000.0' }, metadata: {}, quote: { confirm: false } });
  const same = { ...others, reference };
  assert.equal((await startOnramp(client, same)).status, 'awaiting_payment', 'the same in other words');
  assert.equal((await awaitOrder(client, same)).status, 'awaiting_payment');

  const another = request('node-2', { fiat: { currency: 'INR', amount: '2000.00' } });
  assert.equal((await refused('ReferenceTaken', startOnramp(client, another))).reference, 'node-2');
  await refused('ReferenceTaken', awaitOrder(client, another));
});

test('an order that has ended is not started again, by whatever policy', async () => {
  await startOnramp(client, request('node-3'));
  await submitUtr(client, 'node-3', '412345670003');
  await result(client, 'node-3');

  await startBare(client, 'onramp/node-3', [request('node-3')]);
  const taken = await refused('ReferenceTaken', client.workflow.result('onramp/node-3'));
  assert.equal(taken.order!.status, 'completed');
  assert.ok(taken.runId);
});

test('an invalid request names every bad field to whoever asks, and does not use up its reference', async () => {
  const typo = request('node-4', { email: 'asha', upi: { id: 'asha', name: 'Asha Rao' }, fiat: { currency: 'INR', amount: '-1' } });
  const invalid = await refused('InvalidRequest', startOnramp(client, typo));
  assert.deepEqual(invalid.fields!.map(({ field }) => field), ['email', 'fiat.amount', 'upi.id']);
  await refused('InvalidRequest', client.workflow.result('onramp/node-4'));
  await assert.rejects(getOrder(client, 'node-4'), /email must be an e-mail address/, 'a query tells it in words alone');
  assert.equal((await startOnramp(client, request('node-4'))).status, 'awaiting_payment');
});

test('a field of a later version is refused and named', async () => {
  const later = { ...request('node-5'), minRecieved: '10' };
  assert.match((await refused('InvalidRequest', startOnramp(client, later))).message, /minRecieved/);
});

test('a workflow type in the wrong case is refused, and the right one named', async () => {
  await client.workflow.start('onramp', { workflowId: 'onramp/node-14', taskQueue: 'ramp', args: [request('node-14')] });
  assert.match((await refused('InvalidRequest', client.workflow.result('onramp/node-14'))).message, /must be Onramp/);
});

test('an argument too many is refused, and so is none', async () => {
  await startBare(client, 'onramp/node-6', [request('node-6'), request('node-6')]);
  assert.match((await refused('InvalidRequest', client.workflow.result('onramp/node-6'))).message, /one argument.*2/);
  await startBare(client, 'onramp/node-7', []);
  assert.match((await refused('InvalidRequest', client.workflow.result('onramp/node-7'))).message, /argument is missing/);

  await startOnramp(client, request('node-8'));
  const order = client.workflow.getHandle('onramp/node-8');
  const two = order.executeUpdate('submit-utr', { args: [{ utr: '412345670008' }, { utr: '412345670009' }] });
  assert.match((await refused('InvalidRequest', two)).message, /one argument.*2/);
  assert.match((await refused('InvalidRequest', order.executeUpdate('submit-utr'))).message, /argument is missing/);
});

test('a refused UTR is an error with its reason, and the order waits for another', async () => {
  await startOnramp(client, request('node-9'));
  const malformed = await refused('InvalidRequest', submitUtr(client, 'node-9', '4123'));
  assert.deepEqual(malformed.fields!.map(({ field }) => field), ['utr']);
  await refused('ProofRefused', submitUtr(client, 'node-9', '000000000000'));
  assert.equal((await getOrder(client, 'node-9')).status, 'awaiting_payment');
});

test('a fixed update id returns its first answer for ever', async () => {
  await startOnramp(client, request('node-10'));
  const order = client.workflow.getHandle('onramp/node-10');
  const send = (utr: string) => order.executeUpdate<Order, [{ utr: string }]>('submit-utr', { args: [{ utr }], updateId: 'once' });
  const first = await send('412345670010');
  assert.deepEqual(await send('no UTR'), first);
});

test('an order that is over and one that never was are told apart', async () => {
  await startOnramp(client, request('node-11'));
  await submitUtr(client, 'node-11', '412345670011');
  await result(client, 'node-11');
  const notFound = (message: RegExp) => (error: Error) =>
    error instanceof WorkflowNotFoundError && message.test(error.message);
  await assert.rejects(submitUtr(client, 'node-11', '412345670012'), notFound(/already completed/));
  await assert.rejects(submitUtr(client, 'node-none', '412345670012'), notFound(/not found/));
});

test('without the keys an order may be started here, and nothing that it answers be read', async () => {
  await startBare(stranger, 'onramp/node-12', [request('node-12')]);
  const order = stranger.workflow.getHandle('onramp/node-12');
  await assert.rejects(order.query('order'), /binary\/encrypted/);
  await assert.rejects(order.executeUpdate('await-order'), /binary\/encrypted/);
  await assert.rejects(order.executeUpdate('submit-utr', { args: [{ utr: '4123' }] }), /binary\/encrypted/, 'errors neither');
  const clear = await getOrder(client, 'node-12');
  assert.ok(clear.timeline.some(({ note }) => note?.includes('unencrypted')));

  await order.signal('submit-utr', { utr: '412345670013' });
  assert.equal((await result(client, 'node-12')).status, 'completed', 'a proof counts in clear');
});

test('an answer in clear is not taken for the order’s', async () => {
  await assert.rejects(codec.decode([{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{}') }], {
    type: 'workflow', namespace: 'default', workflowId: 'onramp/node-1',
  }), /not encrypted/);
});

test('an update with start of a request is one round trip for the same order', async () => {
  const asked = request('node-13');
  const both = await Promise.all([startOnramp(client, asked), startOnramp(client, asked)]);
  assert.equal(both[0].timeline[0]!.at, both[1].timeline[0]!.at);
  const fresh = new WithStartWorkflowOperation('Onramp', {
    workflowId: 'onramp/node-13', taskQueue: 'ramp', args: [asked], workflowIdConflictPolicy: 'FAIL',
  });
  await assert.rejects(client.workflow.executeUpdateWithStart('await-order', { startWorkflowOperation: fresh }));
});
