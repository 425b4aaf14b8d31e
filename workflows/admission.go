package workflows

import (
	"rampart/activities"
	"rampart/ramp"
)

// admission is whether the order has begun, which its first call decides, and by which rules it takes messages. Only the methods below
// change it.
type admission struct {
	state admissionState
	// rules are those of an admitted order; nil for an order of a version that had none, and in every other state.
	rules *activities.AdmissionRules
	// refusal is why the order was refused; nil in every other state.
	refusal *ramp.Error
}

type admissionState int

// States of an admission.
const (
	// admissionPending: the first call is under way, and no message has come.
	admissionPending admissionState = iota
	// admissionHoldsMessages: the first call is under way, and messages wait for it, because its answer decides which of them count.
	// The first message moves a pending admission here; orders of earlier versions stay pending, and read messages at once.
	admissionHoldsMessages
	// admitted: the first call has succeeded, and the order runs.
	admitted
	// admissionFailed: the first call has failed, which ends the order.
	admissionFailed
	// admissionRefused: the failure was a refusal: the reference is taken, or the request came unencrypted. There is no order, and
	// every caller gets the refusal.
	admissionRefused
)

// hold makes messages wait until the first call is over.
func (a *admission) hold() {
	if a.state == admissionPending {
		a.state = admissionHoldsMessages
	}
}

// decide records how the first call ended. It reports whether messages are to be read now: an order without rules, from which none
// were held, reads them when it first waits for its user.
func (a *admission) decide(rules *activities.AdmissionRules, err error) (readMessages bool) {
	held := a.state == admissionHoldsMessages
	a.state, a.rules = admitted, rules
	if err != nil {
		a.state, a.rules = admissionFailed, nil
	}
	return held || a.rules != nil
}

// refuse records why a failed admission is a refusal.
func (a *admission) refuse(why *ramp.Error) { a.state, a.refusal = admissionRefused, why }

// pending reports whether the first call is under way and holds no message.
func (a *admission) pending() bool { return a.state == admissionPending }

// decided reports whether the first call is over.
func (a *admission) decided() bool { return a.state >= admitted }

// failed reports whether the order ends because its first call failed.
func (a *admission) failed() bool { return a.state == admissionFailed || a.state == admissionRefused }

// holdsMessages reports whether messages wait for the first call.
func (a *admission) holdsMessages() bool { return a.state == admissionHoldsMessages }

// restrictsClear reports whether a rule, known or still to come, says which unencrypted messages count. Orders of earlier versions
// have none, and take all.
func (a *admission) restrictsClear() bool { return !a.decided() || a.rules != nil }

// allowsClear reports whether unencrypted accounts, dossiers and confirmations count while they are awaited.
func (a *admission) allowsClear() bool { return a.rules != nil && a.rules.AllowClear }
