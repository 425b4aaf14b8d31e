package webhook

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	"go.uber.org/zap"
)

// kind is the kind of a webhook.
type kind string

const (
	orderKind kind = "orders"
	kycKind   kind = "kyc"
)

// result is what became of a webhook. Each webhook has one.
type result string

const (
	// unsigned: there was no signature, so that nothing was read.
	unsigned result = "unsigned"
	// forged: the signature is not one of the body.
	forged result = "forged"
	// unreadable: the body is too large, or was cut off.
	unreadable result = "unreadable"
	// malformed: signed by the provider, and no event of this kind.
	malformed result = "malformed"
	// repeated: the order was told the same before.
	repeated result = "repeated"
	// step: a step of a user's KYC, after which the user is not verified yet.
	step result = "step"
	// unknown: there is no such order, or no order of such a user waits for KYC.
	unknown result = "unknown"
	// ended: the order is over.
	ended result = "ended"
	// hinted: the order was told.
	hinted result = "hinted"
	// failed: Temporal or a worker did not answer in time.
	failed result = "failed"
	// dropped: too many webhooks were waiting.
	dropped result = "dropped"
)

func results() []result {
	return []result{unsigned, forged, unreadable, malformed, repeated, step, unknown, ended, hinted, failed, dropped}
}

// counts counts webhooks.
type counts struct{ webhooks metric.Int64Counter }

func newCounts(meter metric.Meter, log *zap.Logger) counts {
	webhooks, err := meter.Int64Counter("ramp_webhooks",
		metric.WithDescription("Webhooks of the provider by kind and by what became of them."))
	if err != nil {
		log.Error("webhooks are not counted", zap.Error(err))
		webhooks = noop.Int64Counter{}
	}
	c := counts{webhooks}
	for _, k := range []kind{orderKind, kycKind} {
		for _, r := range results() {
			c.webhooks.Add(context.Background(), 0, label(k, r))
		}
	}
	return c
}

func (c counts) add(k kind, r result) { c.webhooks.Add(context.Background(), 1, label(k, r)) }

func label(k kind, r result) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String("kind", string(k)), attribute.String("result", string(r))))
}
