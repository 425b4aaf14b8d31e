package workflows

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/activities"
	"rampart/ramp"
)

func TestAdmissionIsDecidedOnceByTheFirstCall(t *testing.T) {
	t.Parallel()
	rules := &activities.AdmissionRules{AllowClear: true}
	failure := errors.New("refused")
	taken := &ramp.Error{Type: ramp.ReferenceTaken}
	type answers struct {
		pending, holds, decided, failed, restrictsClear, allowsClear bool
	}
	for name, tc := range map[string]struct {
		events func(*admission) (readNow bool)
		state  admissionState
		reads  bool
		want   answers
	}{
		"not decided": {
			func(*admission) bool { return false },
			admissionPending, false, answers{pending: true, restrictsClear: true},
		},
		"a message came first": {
			func(a *admission) bool { a.hold(); return false },
			admissionHoldsMessages, false, answers{holds: true, restrictsClear: true},
		},
		"admitted": {
			func(a *admission) bool { return a.decide(rules, nil) },
			admitted, true, answers{decided: true, restrictsClear: true, allowsClear: true},
		},
		"admitted after a message": {
			func(a *admission) bool { a.hold(); return a.decide(rules, nil) },
			admitted, true, answers{decided: true, restrictsClear: true, allowsClear: true},
		},
		"admitted by a version without rules": {
			func(a *admission) bool { return a.decide(nil, nil) },
			admitted, false, answers{decided: true},
		},
		"admitted by a version without rules, after a message": {
			func(a *admission) bool { a.hold(); return a.decide(nil, nil) },
			admitted, true, answers{decided: true},
		},
		"failed": {
			func(a *admission) bool { return a.decide(nil, failure) },
			admissionFailed, false, answers{decided: true, failed: true},
		},
		"failed after a message": {
			func(a *admission) bool { a.hold(); return a.decide(nil, failure) },
			admissionFailed, true, answers{decided: true, failed: true},
		},
		"refused": {
			func(a *admission) bool { reads := a.decide(nil, taken); a.refuse(taken); return reads },
			admissionRefused, false, answers{decided: true, failed: true},
		},
		"a message comes once it is admitted": {
			func(a *admission) bool { reads := a.decide(rules, nil); a.hold(); return reads },
			admitted, true, answers{decided: true, restrictsClear: true, allowsClear: true},
		},
	} {
		var a admission
		require.Equal(t, tc.reads, tc.events(&a), name)
		require.Equal(t, tc.state, a.state, name)
		got := answers{a.pending(), a.holdsMessages(), a.decided(), a.failed(), a.restrictsClear(), a.allowsClear()}
		require.Equal(t, tc.want, got, name)
		require.Equal(t, tc.state == admissionRefused, a.refusal != nil, name)
	}
}
