/**
 * One order from start to end: `node build/example.js KEYSET REFERENCE UTR`. The sandbox accepts any UTR of 12 digits.
 */
import { Client, Connection } from '@temporalio/client';
import { readKeyset, RampartCodec } from './codec.js';
import { contractError, result, startOnramp, submitUtr } from './rampart.js';

const [keyset, reference, utr] = process.argv.slice(2) as [string, string, string];
const connection = await Connection.connect({ address: process.env.TEMPORAL_ADDRESS ?? 'localhost:7233' });
const client = new Client({
  connection,
  namespace: process.env.TEMPORAL_NAMESPACE ?? 'default',
  dataConverter: { payloadCodecs: [new RampartCodec(await readKeyset(keyset))] },
});

try {
  const order = await startOnramp(client, {
    reference,
    email: 'asha+linked@example.test',
    fiat: { currency: 'INR', amount: '1000.00' },
    token: { symbol: 'USDC', address: '0x3c499c542cef5e3811e1192ce70d8cc03d5c3359', chainId: 137 },
    walletAddress: '0x1111111111111111111111111111111111111111',
    paymentMethod: 'INR_UPI',
    upi: { id: 'asha@okbank', name: 'Asha Rao' },
  });
  console.log('pay by', order.instructions?.upi?.qr);
  console.log('then', (await submitUtr(client, reference, utr)).status);
  console.log('at last', (await result(client, reference)).status);
} catch (error) {
  const problem = contractError(error);
  if (problem === undefined) throw error;
  console.error(`${problem.type}: ${problem.message}`, problem.fields ?? '');
  process.exitCode = 1;
} finally {
  await connection.close();
}
