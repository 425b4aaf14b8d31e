package workflows

import (
	"fmt"
	"slices"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/proto"

	"rampart/activities"
	"rampart/ramp"
)

// inClear reports whether something came in clear although the worker encrypts: anybody who may write to Temporal can have sent it.
func inClear(input converter.RawValue) bool { return marked(input, ramp.MetadataUnencrypted) }

// unreadable reports whether something is encrypted with a key that this worker lacks.
func unreadable(input converter.RawValue) bool { return marked(input, ramp.MetadataUnreadable) }

func marked(input converter.RawValue, mark string) bool {
	_, yes := input.Payload().GetMetadata()[mark]
	return yes
}

func keyOf(input converter.RawValue) string {
	return string(input.Payload().GetMetadata()[ramp.MetadataKeyID])
}

// mustBeReadable stops the workflow task, which is tried again, where this worker lacks a key that another has: what was decided on
// the message cannot be told without it.
func mustBeReadable(input converter.RawValue) {
	if unreadable(input) {
		panic(fmt.Sprintf("a message is encrypted with key %s, which this worker's keyset lacks; distribute the keyset that has it", keyOf(input)))
	}
}

// validate checks an update before it is accepted.
func (l *lifecycle) validate(m message, input converter.RawValue) error {
	if err := l.readable(input); err != nil {
		return err
	}
	if count, several := furtherArguments(input); several {
		return tooManyArguments(count)
	}
	_, err := l.admit(m, input)
	return err
}

// furtherArguments reports whether more than one argument came, and how many.
func furtherArguments(input converter.RawValue) (count string, several bool) {
	told, several := input.Payload().GetMetadata()[ramp.MetadataArguments]
	return string(told), several
}

func tooManyArguments(count string) *ramp.Error {
	return &ramp.Error{Type: ramp.InvalidRequest, Message: fmt.Sprintf("one argument is taken, and %s were sent", count)}
}

// readable refuses an update that no key here can read, which its caller can send again.
func (l *lifecycle) readable(input converter.RawValue) error {
	if !unreadable(input) {
		return nil
	}
	return l.refuse(ramp.Unreadable, fmt.Sprintf(
		"the argument is encrypted with key %s, which the worker does not have yet; distribute the keyset, and send it again", keyOf(input)))
}

// admit checks a message, and whether its sender counts: a proof is taken from anybody, since the provider says whether it is one.
// Anything else decides where money goes or at what price, and counts in clear only where the order began under that rule, and while
// it is awaited.
func (l *lifecycle) admit(m message, input converter.RawValue) (take, error) {
	if count, several := furtherArguments(input); several && l.rules != nil {
		return nil, tooManyArguments(count)
	}
	take, err := m.check(input)
	if err != nil || !inClear(input) || m.awaits == "" || !l.mindsClear() {
		return take, err
	}
	switch {
	case l.begun && !l.takesClear():
		return nil, l.unencrypted("a " + m.name)
	case l.order.Status != m.awaits:
		return nil, l.refuse(ramp.NotAwaited, "not awaited: in clear it is taken only while the order is "+string(m.awaits))
	}
	return take, nil
}

// mindsClear reports whether the order began, or begins, under a rule for messages in clear.
func (l *lifecycle) mindsClear() bool { return !l.begun || l.rules != nil }

func (l *lifecycle) takesClear() bool { return l.rules != nil && l.rules.AllowClear }

func (l *lifecycle) unencrypted(what string) *ramp.Error {
	return l.refuse(ramp.Unencrypted, what+" in clear is not taken: it cannot be told who sent it. Give its sender the keyset")
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
func (l *lifecycle) needsKey(input converter.RawValue) bool {
	key := keyOf(input)
	return key != "" && l.rules != nil && !slices.Contains(l.rules.KeyIDs, key)
}

// setAside keeps a signal until a worker has its key, and handles it then. Its sender cannot be told. Where too many wait already, it
// is tried once: the workers may have its key, as after a rotation.
func (l *lifecycle) setAside(ctx workflow.Context, m message, input converter.RawValue) {
	sealed, err := proto.Marshal(input.Payload())
	full := l.aside.waiting >= asideLimit
	if err != nil || marked(input, ramp.MetadataLarge) || full && l.aside.tried >= triesLimit {
		l.note(ctx, "A "+m.name+" signal was ignored: it is encrypted with a key that no worker had, and too large, or one of too many.")
		return
	}
	if l.aside.cancel == nil {
		l.aside.ctx, l.aside.cancel = workflow.WithCancel(disconnected(ctx))
	}
	request := activities.ReadMessageRequest{Sealed: sealed, KeyID: keyOf(input)}
	if full {
		l.aside.tried++
		workflow.GoNamed(l.aside.ctx, "message tried once", func(ctx workflow.Context) { l.tryAside(ctx, m, request) })
		return
	}
	l.aside.waiting++
	l.raise(ctx, unreadableMessage, fmt.Sprintf(
		"a %s signal cannot be read: it is encrypted with key %s, which the workers do not have; distribute the keyset", m.name, request.KeyID))
	workflow.GoNamed(l.aside.ctx, "message set aside", func(ctx workflow.Context) { l.awaitKey(ctx, m, request) })
}

// awaitKey reads a message once a worker has its key.
func (l *lifecycle) awaitKey(ctx workflow.Context, m message, request activities.ReadMessageRequest) {
	read, err := activities.ReadMessage(ctx, request)
	if err != nil {
		return // the order is over
	}
	l.aside.waiting--
	if l.aside.waiting == 0 {
		l.settle(ctx, unreadableMessage)
	}
	l.heedOpened(ctx, m, request.KeyID, read.Opened)
}

// tryAside reads a message if a worker has its key by now.
func (l *lifecycle) tryAside(ctx workflow.Context, m message, request activities.ReadMessageRequest) {
	read, err := activities.ReadMessageOnce(ctx, request)
	switch {
	case err == nil:
		l.heedOpened(ctx, m, request.KeyID, read.Opened)
	case ctx.Err() == nil:
		l.note(ctx, "A "+m.name+" signal was ignored: it is encrypted with a key that no worker had, and one of too many.")
	}
}

// heedOpened handles a signal that was set aside.
func (l *lifecycle) heedOpened(ctx workflow.Context, m message, key string, opened []byte) {
	l.rules.KeyIDs = append(l.rules.KeyIDs, key)
	var payload commonpb.Payload
	if len(opened) == 0 || proto.Unmarshal(opened, &payload) != nil {
		l.note(ctx, "A "+m.name+" signal that was set aside is ignored: it was encrypted for another order, or was changed.")
		return
	}
	l.note(ctx, "A "+m.name+" signal that was set aside is read now.")
	delete(payload.Metadata, ramp.MetadataKeyID)
	l.heed(ctx, m, converter.NewRawValue(&payload))
}
