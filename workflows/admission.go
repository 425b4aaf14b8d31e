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

// inClear reports whether something came in clear although the worker encrypts: anybody who may write to Temporal can have sent it.
func inClear(input converter.RawValue) bool { return marked(input, payloadmeta.MetadataUnencrypted) }

// unreadable reports whether something is encrypted with a key that this worker lacks.
func unreadable(input converter.RawValue) bool { return marked(input, payloadmeta.MetadataUnreadable) }

func marked(input converter.RawValue, mark string) bool {
	_, yes := input.Payload().GetMetadata()[mark]
	return yes
}

func keyOf(input converter.RawValue) string {
	return string(input.Payload().GetMetadata()[payloadmeta.MetadataKeyID])
}

// mustBeReadable stops the workflow task, which is tried again, where this worker lacks a key that another has: what was decided on
// the message cannot be told without it.
func mustBeReadable(input converter.RawValue) {
	if unreadable(input) {
		panic(fmt.Sprintf("a message is encrypted with key %s, which this worker's keyset lacks; distribute the keyset that has it", keyOf(input)))
	}
}

// validate checks an update before it is accepted.
func (o *orderRun) validate(m message, input converter.RawValue) error {
	if err := o.readable(input); err != nil {
		return err
	}
	if count, several := furtherArguments(input); several {
		return tooManyArguments(count)
	}
	_, err := o.admit(m, input)
	return err
}

// furtherArguments reports whether more than one argument came, and how many.
func furtherArguments(input converter.RawValue) (count string, several bool) {
	told, several := input.Payload().GetMetadata()[payloadmeta.MetadataArguments]
	return string(told), several
}

func tooManyArguments(count string) *ramp.Error {
	return &ramp.Error{Type: ramp.InvalidRequest, Message: fmt.Sprintf("one argument is taken, and %s were sent", count)}
}

// readable refuses an update that no key here can read, which its caller can send again.
func (o *orderRun) readable(input converter.RawValue) error {
	if !unreadable(input) {
		return nil
	}
	return o.refuse(ramp.Unreadable, fmt.Sprintf(
		"the argument is encrypted with key %s, which the worker does not have yet; distribute the keyset, and send it again", keyOf(input)))
}

// admit checks a message, and whether its sender counts: a proof is taken from anybody, since the provider says whether it is one.
// Anything else decides where money goes or at what price, and counts in clear only where the order began under that rule, and while
// it is awaited.
func (o *orderRun) admit(m message, input converter.RawValue) (take, error) {
	if count, several := furtherArguments(input); several && o.rules != nil {
		return nil, tooManyArguments(count)
	}
	take, err := m.check(input)
	if err != nil || !inClear(input) || m.awaits == "" || !o.mindsClear() {
		return take, err
	}
	switch {
	case o.begun && !o.takesClear():
		return nil, o.unencrypted("a " + m.name)
	case o.order.Status != m.awaits:
		return nil, o.refuse(ramp.NotAwaited, "not awaited: in clear it is taken only while the order is "+string(m.awaits))
	}
	return take, nil
}

// mindsClear reports whether the order began, or begins, under a rule for messages in clear.
func (o *orderRun) mindsClear() bool { return !o.begun || o.rules != nil }

func (o *orderRun) takesClear() bool { return o.rules != nil && o.rules.AllowClear }

func (o *orderRun) unencrypted(what string) *ramp.Error {
	return o.refuse(ramp.Unencrypted, what+" in clear is not taken: it cannot be told who sent it. Give its sender the keyset")
}

const (
	// asideLimit bounds the messages that wait for a key at a time. Of further ones each is tried once, and triesLimit bounds these.
	asideLimit = 20
	triesLimit = 200
)

// aside are the messages that no worker had a key for. The order goes on without them.
type aside struct {
	waiting int
	tried   int
	cancel  workflow.CancelFunc
	ctx     workflow.Context
}

// stop gives up the messages that are not read yet.
func (a *aside) stop() {
	if a.cancel != nil {
		a.cancel()
	}
}

// needsKey reports whether a signal is encrypted with a key that the order's worker did not have when it began. Whether this worker
// has it does not matter, so that a replay decides alike.
func (o *orderRun) needsKey(input converter.RawValue) bool {
	key := keyOf(input)
	return key != "" && o.rules != nil && !slices.Contains(o.rules.KeyIDs, key)
}

// setAside keeps a signal until a worker has its key, and handles it then. Its sender cannot be told. Where too many wait already, it
// is tried once: the workers may have its key, as after a rotation.
func (o *orderRun) setAside(ctx workflow.Context, m message, input converter.RawValue) {
	sealed, err := proto.Marshal(input.Payload())
	full := o.aside.waiting >= asideLimit
	if err != nil || marked(input, payloadmeta.MetadataLarge) || full && o.aside.tried >= triesLimit {
		o.note(ctx, "A "+m.name+" signal was ignored: it is encrypted with a key that no worker had, and too large, or one of too many.")
		return
	}
	if o.aside.cancel == nil {
		o.aside.ctx, o.aside.cancel = workflow.WithCancel(disconnected(ctx))
	}
	request := activities.ReadMessageRequest{Sealed: sealed, KeyID: keyOf(input)}
	if full {
		o.aside.tried++
		workflow.GoNamed(o.aside.ctx, "message tried once", func(ctx workflow.Context) { o.tryAside(ctx, m, request) })
		return
	}
	o.aside.waiting++
	o.raiseConcern(ctx, ramp.ConcernUnreadableMessage, fmt.Sprintf(
		"a %s signal cannot be read: it is encrypted with key %s, which the workers do not have; distribute the keyset", m.name, request.KeyID))
	workflow.GoNamed(o.aside.ctx, "message set aside", func(ctx workflow.Context) { o.awaitKey(ctx, m, request) })
}

// awaitKey reads a message once a worker has its key.
func (o *orderRun) awaitKey(ctx workflow.Context, m message, request activities.ReadMessageRequest) {
	read, err := activities.ReadMessage(ctx, request)
	if err != nil {
		return // the order is over
	}
	o.aside.waiting--
	if o.aside.waiting == 0 {
		o.clearConcern(ctx, unreadableMessage)
	}
	o.heedOpened(ctx, m, request.KeyID, read.Opened)
}

// tryAside reads a message if a worker has its key by now.
func (o *orderRun) tryAside(ctx workflow.Context, m message, request activities.ReadMessageRequest) {
	read, err := activities.ReadMessageOnce(ctx, request)
	switch {
	case err == nil:
		o.heedOpened(ctx, m, request.KeyID, read.Opened)
	case ctx.Err() == nil:
		o.note(ctx, "A "+m.name+" signal was ignored: it is encrypted with a key that no worker had, and one of too many.")
	}
}

// heedOpened handles a signal that was set aside.
func (o *orderRun) heedOpened(ctx workflow.Context, m message, key string, opened []byte) {
	o.rules.KeyIDs = append(o.rules.KeyIDs, key)
	var payload commonpb.Payload
	if len(opened) == 0 || proto.Unmarshal(opened, &payload) != nil {
		o.note(ctx, "A "+m.name+" signal that was set aside is ignored: it was encrypted for another order, or was changed.")
		return
	}
	o.note(ctx, "A "+m.name+" signal that was set aside is read now.")
	delete(payload.Metadata, payloadmeta.MetadataKeyID)
	o.heed(ctx, m, converter.NewRawValue(&payload))
}
