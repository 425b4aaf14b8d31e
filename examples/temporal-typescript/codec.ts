/**
 * Encrypts and decrypts the payloads of orders, by docs/explanation/security.md, "The format". Pass it to Temporal's
 * client, which calls it with the workflow of each payload:
 *
 *   new Client({ connection, namespace, dataConverter: { payloadCodecs: [new RampartCodec(await readKeyset(file))] } })
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import proto from '@temporalio/proto';

const InnerPayload = proto.temporal.api.common.v1.Payload;

const encrypted = 'binary/encrypted';
/** Tink's prefix, the key's id, salt and nonce come before the ciphertext, the tag after it. */
const prefix = 0x01;
const saltAt = 5;
const nonceAt = 17;
const sealedAt = 29;
const tagSize = 16;

/** The keys of a namespace, by id. New payloads are encrypted with the primary one. */
export interface Keyset {
  primary: number;
  keys: Map<number, Buffer>;
}

/** Reads the file that `starter keyset create` writes: an unencrypted Tink keyset in JSON. */
export async function readKeyset(path: string): Promise<Keyset> {
  return parseKeyset(await readFile(path, 'utf8'));
}

export function parseKeyset(text: string): Keyset {
  const keyset = JSON.parse(text);
  const keys = new Map<number, Buffer>();
  for (const key of keyset.key) {
    if (key.status !== 'ENABLED') continue;
    if (key.outputPrefixType !== 'TINK' || !key.keyData.typeUrl.endsWith('/google.crypto.tink.XAesGcmKey')) {
      throw new Error(`key ${key.keyId} is not one that the starter makes`);
    }
    keys.set(key.keyId, keyOf(Buffer.from(key.keyData.value, 'base64')));
  }
  if (!keys.has(keyset.primaryKeyId)) throw new Error('the keyset has no primary key that is enabled');
  return { primary: keyset.primaryKeyId, keys };
}

/** The 32 bytes in field 3 of a serialized XAesGcmKey, whose other fields are version and salt size, 12. */
function keyOf(message: Buffer): Buffer {
  for (let at = 0; at < message.length; ) {
    const tag = message[at]!;
    const size = message[at + 1]!;
    if (tag === 0x08) {
      at += 2; // the version, a small number
      continue;
    }
    if (tag === 0x1a && size === 32 && at + 2 + size <= message.length) return message.subarray(at + 2, at + 2 + size);
    at += 2 + size;
  }
  throw new Error('the keyset holds a key that cannot be read');
}

/** Encrypts input of orders and decrypts their results. An unencrypted result is an error. */
export class RampartCodec implements PayloadCodec {
  constructor(private readonly keyset: Keyset) {}

  async encode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    return payloads.map((payload) => this.encrypt(payload, workflowOf(context)));
  }

  async decode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    return payloads.map((payload) => this.decrypt(payload, workflowOf(context)));
  }

  private encrypt(payload: Payload, workflow: Workflow): Payload {
    const id = this.keyset.primary;
    const salt = randomBytes(12);
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', messageKey(this.keyset.keys.get(id)!, salt), nonce);
    cipher.setAAD(associated(2, workflow, ''));
    const sealed = [cipher.update(InnerPayload.encode(payload).finish()), cipher.final()];
    const head = Buffer.alloc(saltAt);
    head.writeUInt8(prefix);
    head.writeUInt32BE(id, 1);
    return {
      metadata: {
        encoding: Buffer.from(encrypted),
        'encryption-key-id': Buffer.from(String(id)),
        'workflow-id': Buffer.from(workflow.workflowId),
        role: Buffer.alloc(0), // the workflow itself, for everything that a client sends and receives
      },
      data: Buffer.concat([head, salt, nonce, ...sealed, cipher.getAuthTag()]),
    };
  }

  private decrypt(payload: Payload, workflow: Workflow): Payload {
    const metadata = payload.metadata ?? {};
    const data = Buffer.from(payload.data ?? []);
    if (text(metadata.encoding) !== encrypted) {
      throw new Error('the payload is not encrypted, so it cannot be told who wrote it');
    }
    if (data.length < sealedAt + tagSize || data[0] !== prefix) throw new Error('the payload is not one of Rampart');
    const id = data.readUInt32BE(1);
    const key = this.keyset.keys.get(id);
    if (key === undefined) throw new Error(`the payload is encrypted with key ${id}, which the keyset lacks`);
    // A result of an order has the workflow's own role, whatever the metadata says. Payloads without a role are of the first
    // format, which running orders may still contain.
    const aad = metadata.role == null ? associated(1, workflow) : associated(2, workflow, '');
    const decipher = createDecipheriv('aes-256-gcm', messageKey(key, data.subarray(saltAt, nonceAt)), data.subarray(nonceAt, sealedAt));
    decipher.setAAD(aad);
    decipher.setAuthTag(data.subarray(-tagSize));
    try {
      const inner = Buffer.concat([decipher.update(data.subarray(sealedAt, -tagSize)), decipher.final()]);
      return InnerPayload.decode(inner);
    } catch {
      throw new Error(`the payload does not decrypt: it is not an answer of workflow ${workflow.workflowId}, or was changed`);
    }
  }
}

interface Workflow {
  namespace: string;
  workflowId: string;
}

/** A client reads and writes only payloads of workflows. */
function workflowOf(context?: SerializationContext): Workflow {
  if (context?.type !== 'workflow') throw new Error('the codec needs to be told which workflow a payload belongs to');
  return context;
}

function associated(format: 1 | 2, workflow: Workflow, role?: string): Buffer {
  const parts = [workflow.namespace, workflow.workflowId, ...(role === undefined ? [] : [role])];
  return Buffer.concat([
    Buffer.from(`rampart payload ${format}`),
    ...parts.flatMap((part) => {
      const bytes = Buffer.from(part);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  ]);
}

/** The key of one message, by XAES-256-GCM: AES-CMAC of two blocks with a counter and the salt. */
function messageKey(key: Buffer, salt: Buffer): Buffer {
  const subkey = doubled(block(key, Buffer.alloc(16)));
  return Buffer.concat([1, 2].map((counter) => block(key, xor(Buffer.concat([Buffer.from([0, counter, 0x58, 0]), salt]), subkey))));
}

/** One block of AES-256. */
function block(key: Buffer, input: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(input), cipher.final()]);
}

/** CMAC's subkey: the block doubled in GF(2^128). */
function doubled(input: Buffer): Buffer {
  const output = Buffer.alloc(16);
  for (let i = 0; i < 16; i++) output[i] = (input[i]! << 1) | (i < 15 ? input[i + 1]! >> 7 : 0);
  if (input[0]! & 0x80) output[15]! ^= 0x87;
  return output;
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, i) => byte ^ b[i]!));
}

function text(bytes: Uint8Array | null | undefined): string {
  return bytes ? Buffer.from(bytes).toString() : '';
}
