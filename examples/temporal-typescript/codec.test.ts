import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { Payload, SerializationContext } from '@temporalio/common';
import { parseKeyset, RampartCodec } from './codec.js';

const order: SerializationContext = { type: 'workflow', namespace: 'default', workflowId: 'onramp/inv-42' };
const content = '{"utr":"412345678901"}';

/** The keyset of docs/explanation/security.md, and its example payloads. */
async function documented(): Promise<{ codec: RampartCodec; payloads: Payload[] }> {
  const page = await readFile(new URL('../../../docs/explanation/security.md', import.meta.url), 'utf8');
  const blocks = [...page.matchAll(/```json\n([^]*?)```/g)].map((match) => JSON.parse(match[1]!));
  const payloads = blocks.filter((block) => block.data !== undefined).map(({ metadata, data }) => ({
    metadata: Object.fromEntries(Object.entries<string>(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')])),
    data: Buffer.from(data, 'base64'),
  }));
  const keyset = blocks.find((block) => block.primaryKeyId !== undefined);
  return { codec: new RampartCodec(parseKeyset(JSON.stringify(keyset))), payloads };
}

function clear(): Payload {
  return { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(content) };
}

function requireContent(payload: Payload | undefined): void {
  assert.equal(Buffer.from(payload!.metadata!.encoding!).toString(), 'json/plain');
  assert.equal(Buffer.from(payload!.data!).toString(), content);
}

test('documented payloads decrypt', async () => {
  const { codec, payloads } = await documented();
  assert.ok(payloads.length > 0);
  for (const payload of await codec.decode(payloads, order)) requireContent(payload);
});

test('what is encrypted decrypts, in the second format, for its own order alone', async () => {
  const { codec } = await documented();
  const [sealed] = await codec.encode([clear()], order);
  assert.equal(sealed!.metadata!.role?.length, 0);
  assert.equal(Buffer.from(sealed!.metadata!['encryption-key-id']!).toString(), '7');
  requireContent((await codec.decode([sealed!], order))[0]);
  for (const other of [{ ...order, workflowId: 'onramp/inv-43' }, { ...order, namespace: 'production' }]) {
    await assert.rejects(codec.decode([sealed!], other), /does not decrypt/);
  }
});

test('a payload that was changed, or of another role, does not decrypt', async () => {
  const { codec } = await documented();
  const [sealed] = await codec.encode([clear()], order);
  const changed = Buffer.from(sealed!.data!);
  changed[changed.length - 1]! ^= 1;
  await assert.rejects(codec.decode([{ ...sealed!, data: changed }], order), /does not decrypt/);
  const { role: _, ...roleless } = sealed!.metadata!;
  await assert.rejects(codec.decode([{ ...sealed!, metadata: roleless }], order), /does not decrypt/);
});

test('an answer in clear is not taken', async () => {
  const { codec } = await documented();
  await assert.rejects(codec.decode([clear()], order), /not encrypted/);
});

test('a key that the keyset lacks is named', async () => {
  const { codec } = await documented();
  const [sealed] = await codec.encode([clear()], order);
  const data = Buffer.from(sealed!.data!);
  data.writeUInt32BE(8, 1);
  await assert.rejects(codec.decode([{ ...sealed!, data }], order), /key 8, which the keyset lacks/);
});
