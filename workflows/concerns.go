package workflows

import (
	"slices"
	"strings"

	"go.temporal.io/sdk/workflow"

	"rampart/ramp"
)

// concernGroup is a set of types of concerns that one check raises and clears. An order has one concern of a group at a time.
// Metrics count concerns by group.
type concernGroup string

// Groups of concerns.
const (
	outage            concernGroup = "outage"
	providerReport    concernGroup = "provider_status"
	lostInstructions  concernGroup = "lost_instructions"
	refusedReuse      concernGroup = "refused_reuse"
	unreadableMessage concernGroup = "unreadable_message"
	overduePayment    concernGroup = "overdue"
	latePayment       concernGroup = "late_payment"
)

func concernGroups() []concernGroup {
	return []concernGroup{outage, providerReport, lostInstructions, refusedReuse, unreadableMessage, overduePayment, latePayment}
}

// groupOf returns the group of a type. Foreign orders and what the provider reports of its delivery are the provider's reports, as is a
// type of a later version.
func groupOf(t ramp.ConcernType) concernGroup {
	switch t {
	case ramp.ConcernProviderUnavailable, ramp.ConcernAPIKeyRefused, ramp.ConcernRateLimited,
		ramp.ConcernDossierStoreUnavailable, ramp.ConcernReferenceUnverified:
		return outage
	case ramp.ConcernLostInstructions, ramp.ConcernUntrustedInstructions:
		return lostInstructions
	case ramp.ConcernRefusedReuse:
		return refusedReuse
	case ramp.ConcernUnreadableMessage:
		return unreadableMessage
	case ramp.ConcernOverdue:
		return overduePayment
	case ramp.ConcernLatePayment:
		return latePayment
	default:
		return providerReport
	}
}

// cleared returns the words for a concern of the group that is gone, for the timeline.
func (g concernGroup) cleared() string {
	switch g {
	case outage:
		return "the provider did not answer"
	case lostInstructions:
		return "the payment instructions were lost"
	case refusedReuse:
		return "the provider refused the payment of an earlier order"
	case unreadableMessage:
		return "a message could not be read"
	case overduePayment:
		return "the provider took too long"
	case latePayment:
		return "the provider expired the order"
	default:
		return "the provider's status"
	}
}

// raiseConcern asks for a person's attention. The concern replaces the one of its group.
func (o *orderRun) raiseConcern(ctx workflow.Context, t ramp.ConcernType, reason string) {
	raised := ramp.Concern{Type: t, Reason: reason, Since: now(ctx)}
	for _, c := range o.order.Concerns {
		if c.Type == t {
			raised.Since = c.Since
			if c.Reason == reason {
				return
			}
		}
	}
	o.count(ctx, attentionRaised, "concern", string(groupOf(t)))
	o.dropConcern(groupOf(t))
	o.order.Concerns = append(o.order.Concerns, raised)
	o.log.Warn("order needs attention", "concern", t, "reason", reason)
	o.showConcerns(ctx)
	o.noteConcern(ctx, raised)
}

// clearConcern removes the concern of a group, if there is one.
func (o *orderRun) clearConcern(ctx workflow.Context, group concernGroup) {
	if o.dropConcern(group) {
		o.showConcerns(ctx)
		o.note(ctx, "No longer a concern: "+group.cleared()+".")
	}
}

func (o *orderRun) dropConcern(group concernGroup) bool {
	kept := slices.DeleteFunc(slices.Clone(o.order.Concerns), func(c ramp.Concern) bool { return groupOf(c.Type) == group })
	dropped := len(kept) < len(o.order.Concerns)
	o.order.Concerns = kept
	return dropped
}

func (o *orderRun) showConcerns(ctx workflow.Context) {
	var reasons []string
	for _, c := range o.order.Concerns {
		reasons = append(reasons, c.Reason)
	}
	o.order.Attention = strings.Join(reasons, "; ")
	o.touch(ctx)
	o.publish(ctx)
}
