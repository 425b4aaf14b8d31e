package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"rampart/codec"
	"rampart/ramp"
)

// found returns the references that a search by the starter finds, sorted.
func (s *stack) found(environment []string, args ...string) []string {
	s.t.Helper()
	out, problems, code := s.starterWith(environment, append([]string{"find", "-o", "json"}, args...)...)
	require.Zero(s.t, code, problems)
	var orders []ramp.Summary
	require.NoError(s.t, json.Unmarshal([]byte(out), &orders))
	references := []string{}
	for _, order := range orders {
		references = append(references, order.Reference)
	}
	slices.Sort(references)
	return references
}

// awaitFound waits until a search finds the orders with these references: the visibility store lags behind.
func (s *stack) awaitFound(want []string, args ...string) {
	s.t.Helper()
	eventually(s.t, patience, func() error {
		if got := s.found(nil, args...); fmt.Sprint(got) != fmt.Sprint(want) {
			return fmt.Errorf("%v finds %v instead of %v", args, got, want)
		}
		return nil
	})
}

func TestOrdersAreFoundByUserAndProofAlsoAfterARotation(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60, onFile)
	const email, other = "Zelda.Quorn+linked@find.example.test", "other+linked@find.example.test"
	bought, sold, others := onrampRequest("find-buy"), offrampRequest("find-sell"), onrampRequest("find-other")
	bought.Email, sold.Email, others.Email = email, email, other
	_, err := s.Orders.StartOnramp(t.Context(), bought)
	require.NoError(t, err)
	_, err = s.Orders.StartOfframp(t.Context(), sold)
	require.NoError(t, err)
	_, err = s.Orders.StartOnramp(t.Context(), others)
	require.NoError(t, err)
	_, err = s.Orders.SubmitUTR(t.Context(), "find-buy", utrOf(71))
	require.NoError(t, err)
	_, err = s.Orders.SubmitTransactionHash(t.Context(), "find-sell", hashOf(72))
	require.NoError(t, err)
	s.awaitStatus(buy("find-buy"), completionTime, ramp.Completed)

	s.awaitFound([]string{"find-buy", "find-sell"}, "--email", strings.ToUpper(email))
	s.awaitFound([]string{"find-other"}, "--email", other)
	s.awaitFound([]string{"find-buy"}, "--utr", utrOf(71))
	s.awaitFound([]string{"find-sell"}, "--hash", "0x"+strings.ToUpper(hashOf(72)[2:]))
	s.awaitFound([]string{}, "--utr", utrOf(72))
	s.requireReplay(buy("find-buy"))

	// Who has the database and no keys.
	for _, id := range []ramp.ID{buy("find-buy"), sell("find-sell")} {
		stored, err := proto.Marshal(s.history(id))
		require.NoError(t, err)
		require.Contains(t, string(stored), "RampUser")
		require.Contains(t, string(stored), "RampProof")
		requireClean(t, "the history", string(stored), []string{email, utrOf(71), hashOf(72)})
	}
	stranger := codec.KeysetSource{File: t.TempDir() + "/keyset.json"}
	_, err = codec.CreateKeyset(t.Context(), stranger)
	require.NoError(t, err)
	require.Empty(t, s.found([]string{"RAMP_KEYSET_FILE=" + stranger.File}, "--email", email), "another keyset finds nothing")
	_, problems, code := s.starterWith([]string{"RAMP_KEYSET_FILE=/nowhere/keyset.json"}, "find", "--email", email)
	require.Equal(t, 1, code)
	require.Contains(t, problems, "there is no keyset")

	// A rotated keyset finds the orders of before.
	for _, step := range [][]string{{"keyset", "rotate"}, {"keyset", "rotate", "--promote"}} {
		_, problems, code := s.starter(step...)
		require.Zero(t, code, problems)
	}
	s.awaitFound([]string{"find-buy", "find-sell"}, "--email", email)

	g := s.startGateway()
	var page ramp.Page
	require.NoError(t, json.Unmarshal(g.mustSend(http.StatusOK, http.MethodPost, "/v1/orders/find", `{"email": "`+email+`", "limit": 1}`).body, &page))
	first := page.Orders[0].Reference
	next := `{"email": "` + email + `", "limit": 1, "cursor": "` + page.NextCursor + `"}`
	require.NoError(t, json.Unmarshal(g.mustSend(http.StatusOK, http.MethodPost, "/v1/orders/find", next).body, &page))
	require.ElementsMatch(t, []string{"find-buy", "find-sell"}, []string{first, page.Orders[0].Reference})
	g.mustSend(http.StatusUnprocessableEntity, http.MethodPost, "/v1/orders/find", `{"email": "x"}`)

	for _, log := range []string{g.Log(), s.worker.Log()} {
		content, err := os.ReadFile(log)
		require.NoError(t, err)
		requireClean(t, log, string(content), []string{email, utrOf(71), hashOf(72)})
	}
	s.stop(s.server)
	for _, name := range []string{s.db, s.db + "-wal"} {
		if content, err := os.ReadFile(name); err == nil {
			requireClean(t, name, string(content), []string{email, utrOf(71), hashOf(72)})
		}
	}
	_, problems, code = s.starter("find", "--email", email)
	require.Equal(t, 1, code)
	require.Contains(t, problems, "cannot reach Temporal")
}

// TestOrdersRunInANamespaceThatWasSetUpBefore has a namespace with the search attributes of the version before: an order that upserted
// another one could not continue. After setup, orders get hashes without a restart of the worker.
func TestOrdersRunInANamespaceThatWasSetUpBefore(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	const namespace = "before"
	_, err := s.Temporal.WorkflowService().RegisterNamespace(t.Context(), &workflowservice.RegisterNamespaceRequest{
		Namespace: namespace, WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour),
	})
	require.NoError(t, err)
	c := s.dial(client.Options{Namespace: namespace}, s.Keyring)
	known := ramp.SearchAttributeTypes()
	for _, key := range ramp.FindAttributes() {
		delete(known, key.GetName())
	}
	added := false
	eventually(t, patience, func() error { // the server knows neither the namespace nor its search attributes at once
		if !added {
			_, err := s.Temporal.OperatorService().AddSearchAttributes(t.Context(), &operatorservice.AddSearchAttributesRequest{
				Namespace: namespace, SearchAttributes: known,
			})
			if err != nil {
				return err
			}
			added = true
		}
		return ramp.CheckNamespace(t.Context(), c, namespace)
	})
	w := s.startWorker("TEMPORAL_NAMESPACE=" + namespace)
	s.awaitLog(w, "orders cannot be found by their users and proofs")
	inIt := []string{"TEMPORAL_NAMESPACE=" + namespace}
	s.runOrderWith(inIt, "unfindable", utrOf(1))
	_, problems, code := s.starterWith(inIt, "find", "--utr", utrOf(1))
	require.Equal(t, 1, code)
	require.Contains(t, problems, "starter setup")

	_, problems, code = s.starterWith(inIt, "setup")
	require.Zero(t, code, problems)
	n := 1
	eventually(t, patience, func() error { // the worker asks again after a while
		n++
		s.runOrderWith(inIt, fmt.Sprint("findable-", n), utrOf(n))
		if len(s.found(inIt, "--utr", utrOf(n))) == 0 {
			return fmt.Errorf("order %d has no hash", n)
		}
		return nil
	})
}
