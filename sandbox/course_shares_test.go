package sandbox_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/sandbox"
)

// courses creates orders of both directions and returns their courses by reference.
func courses(t *testing.T, seed int64, shares []sandbox.CourseShare, orders int) map[string]string {
	t.Helper()
	p := startWith(t, sandbox.Options{Seed: seed, Courses: shares})
	chosen := map[string]string{}
	for i := range orders {
		c := p.login(fmt.Sprintf("asha%d+linked@example.test", i/20))
		c.createOnramp(referenced(onrampOrder("1000"), fmt.Sprint("inv-", i)))
		c.createOfframp(referenced(offrampOrder("10"), fmt.Sprint("wd-", i)))
	}
	for _, o := range p.srv.Ledger().Orders {
		chosen[o.Reference] = o.Course
	}
	return chosen
}

func TestShareOfOrdersTakesAnotherCourseInAnyOrder(t *testing.T) {
	t.Parallel()
	shares := []sandbox.CourseShare{{Course: "refunded", Share: 0.2}, {Course: "late-payment", Share: 0.3}}
	chosen := courses(t, 7, shares, 200)
	count := map[string]int{}
	for _, course := range chosen {
		count[course]++
	}
	require.InDelta(t, 80, count["refunded"], 25)
	require.InDelta(t, 60, count["late-payment"], 25, "off-ramp orders have no such course")
	require.Equal(t, 400-count["refunded"]-count["late-payment"], count["usual"])
	for reference, course := range courses(t, 7, shares, 20) {
		require.Equal(t, chosen[reference], course)
	}
	require.NotEqual(t, chosen, courses(t, 8, shares, 200))
}

func TestMagicAmountTakesPrecedenceOverShares(t *testing.T) {
	t.Parallel()
	c := startWith(t, sandbox.Options{Courses: []sandbox.CourseShare{{Course: "refunded", Share: 1}}}).login(linkedEmail)
	c.createOnramp(onrampOrder("1000.01"))
	c.createOnramp(onrampOrder("1000"))
	require.Equal(t, "cancelled", c.srv.Ledger().Orders[0].Course)
	require.Equal(t, "refunded", c.srv.Ledger().Orders[1].Course)
}

func TestCourseOfAShareIsTheOneOfTheAmount(t *testing.T) {
	t.Parallel()
	c := startWith(t, sandbox.Options{Courses: []sandbox.CourseShare{{Course: "begins-pending", Share: 1}}}).login(linkedEmail)
	require.Equal(t, "pending", c.offrampStatus(c.createOfframp(offrampOrder("10"))).str("data.status"))
}

func TestFirstProofStaysRefusedAndAnotherIsAccepted(t *testing.T) {
	t.Parallel()
	c := startWith(t, sandbox.Options{Courses: []sandbox.CourseShare{{Course: "first-proof-refused", Share: 1}}}).login(linkedEmail)
	on, off := c.createOnramp(onrampOrder("1000")), c.createOfframp(offrampOrder("10"))
	for range 2 {
		c.submitUTR(on, utr(1)).refused(http.StatusForbidden, "Invalid UTR")
		c.submitHash(off, hash(1)).refused(http.StatusBadRequest, "Invalid transaction hash")
	}
	c.submitUTR(on, utr(2)).ok()
	c.submitHash(off, hash(2)).ok()
	c.clock.Advance(10 * time.Minute)
	for _, o := range c.srv.Ledger().Orders {
		require.Equal(t, []int{1, 2}, []int{o.ProofsAccepted, o.ProofsRefused})
		require.Contains(t, []string{"completed", "PayoutSuccess"}, o.Status)
	}
}

func TestLatePaymentExpiresThenCompletes(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	id := c.createOnramp(onrampOrder("1000.09"))
	c.submitUTR(id, goodUTR).ok()
	for _, step := range []struct {
		after  time.Duration
		status string
	}{
		{29 * time.Minute, "fiatPending"}, {time.Minute, "expired"}, {9 * time.Minute, "expired"}, {time.Minute, "fiatReceived"},
		{4 * time.Minute, "completed"},
	} {
		c.clock.Advance(step.after)
		require.Equal(t, step.status, c.onrampStatus(id).str("data.status"))
	}
}
