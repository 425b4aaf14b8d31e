package workflows

import (
	"fmt"
	"slices"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/proto"

	"rampart/activities"
	"rampart/internal/payloadmeta"
	"rampart/ramp"
)

const (
	// unreadableLimit bounds the messages that wait for a key at a time. Each further message is tried once, and retriesLimit bounds
	// those.
	unreadableLimit = 20
	retriesLimit    = 200
)

// unreadableMessages counts the signals that are encrypted with a key that no worker had. They wait for the key while the order continues.
type unreadableMessages struct {
	waiting int
	tried   int
	cancel  workflow.CancelFunc
	ctx     workflow.Context
}

// stop ends the waits.
func (u *unreadableMessages) stop() {
	if u.cancel != nil {
		u.cancel()
	}
}

// inClear reports whether a payload came unencrypted although the worker encrypts: anybody who may write to Temporal can have
// sent it.
func inClear(input converter.RawValue) bool { return hasMark(input, payloadmeta.MetadataUnencrypted) }

// isUnreadable reports whether a payload is encrypted with a key that this worker lacks.
func isUnreadable(input converter.RawValue) bool {
	return hasMark(input, payloadmeta.MetadataUnreadable)
}

func hasMark(input converter.RawValue, mark string) bool {
	_, yes := input.Payload().GetMetadata()[mark]
	return yes
}

func keyID(input converter.RawValue) string {
	return string(input.Payload().GetMetadata()[payloadmeta.MetadataKeyID])
}

// mustBeReadable fails the workflow task, which the server then retries, if this worker lacks a key that another worker has: the
// decision that was made on the message cannot be replayed without it.
func mustBeReadable(input converter.RawValue) {
	if isUnreadable(input) {
		panic(fmt.Sprintf("["+payloadmeta.MissingKeyCode+"] a message is encrypted with key %s, which this worker's keyset lacks; distribute the keyset that has it", keyID(input)))
	}
}

// needsKey reports whether a signal is encrypted with a key that no worker had when the order began. It does not depend on this
// worker's keys, so that a replay decides alike.
func (o *orderRun) needsKey(input converter.RawValue) bool {
	id := keyID(input)
	return id != "" && o.admission.rules != nil && !slices.Contains(o.admission.rules.KeyIDs, id)
}

// keepUnreadable keeps a signal until a worker has its key, and handles it then. Where too many wait already it is tried once: the
// workers may have its key by now, as after a rotation.
func (o *orderRun) keepUnreadable(ctx workflow.Context, m message, input converter.RawValue) {
	sealed, err := proto.Marshal(input.Payload())
	full := m.triedOnce || o.unreadable.waiting >= unreadableLimit
	if err != nil || hasMark(input, payloadmeta.MetadataLarge) || full && o.unreadable.tried >= retriesLimit {
		o.note(ctx, "A "+m.name+" signal was ignored: it is encrypted with a key that no worker had, and too large, or one of too many.")
		return
	}
	if o.unreadable.cancel == nil {
		o.unreadable.ctx, o.unreadable.cancel = workflow.WithCancel(disconnected(ctx))
	}
	request := activities.ReadMessageRequest{Sealed: sealed, KeyID: keyID(input)}
	if full {
		o.unreadable.tried++
		workflow.GoNamed(o.unreadable.ctx, "message tried once", func(ctx workflow.Context) { o.readOnce(ctx, m, request) })
		return
	}
	o.unreadable.waiting++
	o.raiseConcern(ctx, ramp.ConcernUnreadableMessage, fmt.Sprintf(
		"a %s signal cannot be read: it is encrypted with key %s, which the workers do not have; distribute the keyset", m.name, request.KeyID))
	workflow.GoNamed(o.unreadable.ctx, "message set aside", func(ctx workflow.Context) { o.awaitKey(ctx, m, request) })
}

// awaitKey handles a message once a worker has its key.
func (o *orderRun) awaitKey(ctx workflow.Context, m message, request activities.ReadMessageRequest) {
	read, err := activities.ReadMessage(ctx, request)
	if err != nil {
		return // the order is over
	}
	o.unreadable.waiting--
	if o.unreadable.waiting == 0 {
		o.clearConcern(ctx, unreadableMessage)
	}
	o.handleDecrypted(ctx, m, request.KeyID, read.Opened)
}

// readOnce handles a message if a worker has its key by now.
func (o *orderRun) readOnce(ctx workflow.Context, m message, request activities.ReadMessageRequest) {
	read, err := activities.ReadMessageOnce(ctx, request)
	switch {
	case err == nil:
		o.handleDecrypted(ctx, m, request.KeyID, read.Opened)
	case ctx.Err() == nil && m.triedOnce:
		o.note(ctx, "A "+m.name+" signal was ignored: it is encrypted with a key that no worker has.")
	case ctx.Err() == nil:
		o.note(ctx, "A "+m.name+" signal was ignored: it is encrypted with a key that no worker had, and one of too many.")
	}
}

// handleDecrypted handles a signal that was kept. From then on messages with its key are read at once.
func (o *orderRun) handleDecrypted(ctx workflow.Context, m message, id string, opened []byte) {
	o.admission.rules.KeyIDs = append(o.admission.rules.KeyIDs, id)
	var payload commonpb.Payload
	if len(opened) == 0 || proto.Unmarshal(opened, &payload) != nil {
		o.note(ctx, "A "+m.name+" signal that was set aside is ignored: it was encrypted for another order, or altered.")
		return
	}
	o.note(ctx, "A "+m.name+" signal that was set aside is decrypted and read now.")
	delete(payload.Metadata, payloadmeta.MetadataKeyID)
	o.handleSignal(ctx, m, converter.NewRawValue(&payload))
}
