package dispatch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"

	"gocloud.dev/gcerrors"
	"gocloud.dev/pubsub"

	"rampart/events/message"
	"rampart/internal/redact"
	"rampart/ramp"
)

// Attributes of a message in a queue, so that subscriptions can filter without reading the body.
const (
	attributeID          = "id"
	attributeType        = "type"
	attributeContentType = "content-type"
)

// Attributes that the driver of SNS and SQS takes for the parameters of FIFO queues and topics.
const (
	fifo              = ".fifo"
	fifoGroup         = "MessageGroupId"
	fifoDeduplication = "DeduplicationId"
	maxFIFOKey        = 128
)

// topics are the queues and topics that are open, by URL. They stay open, because each has a connection and a batch of its own.
type topics struct {
	mu   sync.Mutex
	open map[redact.Secret]*pubsub.Topic
}

// of returns the topic of a URL, and opens it at its first use.
func (t *topics) of(ctx context.Context, url redact.Secret) (*pubsub.Topic, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if topic, isOpen := t.open[url]; isOpen {
		return topic, nil
	}
	// Drivers keep the context for the renewal of credentials.
	topic, err := pubsub.OpenTopic(context.WithoutCancel(ctx), url.Reveal())
	if err != nil {
		return nil, errors.New("the queue cannot be opened: check its URL and the credentials of the worker") // the driver's error has the URL
	}
	t.open[url] = topic
	return topic, nil
}

func (t *topics) close(ctx context.Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for url, topic := range t.open {
		_ = topic.Shutdown(ctx) // what was not sent is sent again by another worker
		delete(t.open, url)
	}
}

// enqueue sends a body to a queue. The messages of an order are a group, of which FIFO queues and topics keep the order.
func (d *Dispatcher) enqueue(ctx context.Context, e endpoint, event ramp.Event, body []byte) error {
	topic, err := d.topics.of(ctx, e.queue)
	if err != nil {
		return fmt.Errorf("endpoint %s: %w", e.name, err)
	}
	sent := &pubsub.Message{
		Body: body,
		Metadata: map[string]string{
			attributeID: event.ID, attributeType: string(event.Type), attributeContentType: message.ContentType,
		},
	}
	path, _, _ := strings.Cut(e.queue.Reveal(), "?")
	if strings.HasSuffix(path, fifo) {
		sent.Metadata[fifoGroup], sent.Metadata[fifoDeduplication] = fifoKey(message.Subject(event)), fifoKey(event.ID)
	}
	err = topic.Send(ctx, sent)
	if err == nil {
		return nil
	}
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("endpoint %s: the queue does not answer in time", e.name)
	default:
		return fmt.Errorf("endpoint %s: the queue does not take the event: %v", e.name, gcerrors.Code(err))
	}
}

// fifoKey returns a key of a FIFO queue for a text: the text, or its hash if it is too long.
func fifoKey(text string) string {
	if len(text) <= maxFIFOKey {
		return text
	}
	hash := sha256.Sum256([]byte(text))
	return hex.EncodeToString(hash[:])
}
