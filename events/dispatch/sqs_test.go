package dispatch_test

import (
	"crypto/md5" // #nosec G501 -- SQS' protocol has it as a checksum
	"encoding/hex"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	_ "gocloud.dev/pubsub/awssnssqs" // the worker's driver of SQS

	"rampart/events/message"
)

// sqsEntry is a message as SQS receives it.
type sqsEntry struct {
	ID                     string `json:"Id"`
	MessageBody            string
	MessageGroupID         string `json:"MessageGroupId"`
	MessageDeduplicationID string `json:"MessageDeduplicationId"`
	MessageAttributes      map[string]struct{ StringValue string }
}

// serveSQS serves SQS' own protocol, of which a queue here has no server, and passes on what arrives. It refuses all as long as refuses is set.
func serveSQS(t *testing.T, refuses bool) (url string, arrived chan sqsEntry) {
	t.Helper()
	arrived = make(chan sqsEntry, 10)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var batch struct{ Entries []sqsEntry }
		if err := json.NewDecoder(r.Body).Decode(&batch); err != nil || r.Header.Get("X-Amz-Target") != "AmazonSQS.SendMessageBatch" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		type result map[string]any
		successful, failed := []result{}, []result{}
		for _, entry := range batch.Entries {
			if refuses {
				failed = append(failed, result{"Id": entry.ID, "Code": "AccessDenied", "Message": "hunter2", "SenderFault": true})
				continue
			}
			sum := md5.Sum([]byte(entry.MessageBody)) // #nosec G401 -- as above
			successful = append(successful, result{"Id": entry.ID, "MessageId": "1", "MD5OfMessageBody": hex.EncodeToString(sum[:])})
			arrived <- entry
		}
		_ = json.NewEncoder(w).Encode(result{"Successful": successful, "Failed": failed})
	})
	return "awssqs://sqs.ap-south-1.amazonaws.com/123456789012/orders.fifo?region=ap-south-1&anonymous=true&endpoint=" + server.URL, arrived
}

func TestFIFOQueueOfSQSGetsTheOrderAsItsGroup(t *testing.T) {
	t.Parallel()
	url, arrived := serveSQS(t, false)
	d, _ := newFile(t, "endpoints: [{name: lake, url: \""+url+"\"}]").open()

	require.NoError(t, d.Send(t.Context(), "lake", "", changed(7)))

	got := <-arrived
	require.Equal(t, "onramp/inv-42", got.MessageGroupID)
	require.Equal(t, changed(7).ID, got.MessageDeduplicationID)
	require.Equal(t, changed(7).ID, got.MessageAttributes["id"].StringValue)
	body, err := message.Body("orders", changed(7))
	require.NoError(t, err)
	require.Equal(t, string(body), got.MessageBody)
}

func TestRefusalOfSQSIsAnErrorThatQuotesNothing(t *testing.T) {
	t.Parallel()
	url, _ := serveSQS(t, true)
	d, _ := newFile(t, "endpoints: [{name: lake, url: \""+url+"\"}]").open()
	err := d.Send(t.Context(), "lake", "", changed(7))
	requireQuiet(t, err, "hunter2", "127.0.0.1")
	require.ErrorContains(t, err, "the queue does not take the event")
}
