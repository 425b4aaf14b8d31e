package ramp_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"rampart/ramp"
)

func TestWorkflowIDsNameTheDirectionAndTheReference(t *testing.T) {
	t.Parallel()
	require.Equal(t, "onramp/inv-42", ramp.Onramp.WorkflowID("inv-42"))
	require.Equal(t, "Offramp", ramp.Offramp.WorkflowType())

	direction, reference, err := ramp.ParseWorkflowID("offramp/wd-7")
	require.NoError(t, err)
	require.Equal(t, ramp.Offramp, direction)
	require.Equal(t, "wd-7", reference)

	for _, id := range []string{"", "inv-42", "onramp/", "sideways/inv-42", "/inv-42"} {
		_, _, err := ramp.ParseWorkflowID(id)
		require.Error(t, err, id)
	}
}

func TestEveryStatusIsEitherFinalOrNot(t *testing.T) {
	t.Parallel()
	var final, user []ramp.Status
	for _, status := range ramp.Statuses() {
		if status.Final() {
			final = append(final, status)
		}
		if status.AwaitsUser() {
			user = append(user, status)
		}
	}
	require.Equal(t, []ramp.Status{ramp.Completed, ramp.Expired, ramp.Cancelled, ramp.Refunded, ramp.Rejected}, final)
	require.Equal(t, []ramp.Status{ramp.AwaitingKYC, ramp.AwaitingAccount, ramp.AwaitingConfirmation, ramp.AwaitingPayment}, user)
}

func TestSearchAttributesAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	types := make(map[string]string)
	for name, kind := range ramp.SearchAttributeTypes() {
		types[name] = kind.String()
	}
	require.Equal(t, map[string]string{
		"RampDirection": "Keyword", "RampStatus": "Keyword", "RampToken": "Keyword", "RampOrderId": "Keyword",
		"RampFiatAmount": "Double", "RampExpiresAt": "Datetime", "RampAttention": "Bool",
		"RampUser": "Keyword", "RampProof": "KeywordList",
	}, types)
}

func TestErrorCrossesTemporalWithItsTypeAndIsNeverRetried(t *testing.T) {
	t.Parallel()
	refused := &ramp.Error{Type: ramp.ProofRefused, Reference: "inv-42", Message: "the provider refused the UTR: Invalid UTR"}

	var application *temporal.ApplicationError
	require.ErrorAs(t, refused.ApplicationError(), &application)
	require.Equal(t, "ProofRefused", application.Type())
	require.True(t, application.NonRetryable())
	var back ramp.Error
	require.NoError(t, application.Details(&back))
	require.Equal(t, *refused, back)
}

func TestErrorTextNamesTheOrderAndEveryBadField(t *testing.T) {
	t.Parallel()
	err := &ramp.Error{
		Type:      ramp.InvalidRequest,
		Reference: "inv-42",
		Message:   "the request is invalid",
		Fields:    []ramp.FieldError{{Field: "bank.ifsc", Problem: "is missing"}, {Field: "email", Problem: "is too long"}},
	}
	require.EqualError(t, err, "order inv-42: the request is invalid: bank.ifsc is missing; email is too long")
	require.True(t, ramp.IsError(err, ramp.InvalidRequest))
	require.False(t, ramp.IsError(err, ramp.OrderOver))
	require.False(t, ramp.IsError(nil, ramp.OrderOver))
}

func TestFilterReadsAsATemporalListFilter(t *testing.T) {
	t.Parallel()
	require.Equal(t, `WorkflowType IN ("Onramp", "Offramp")`, ramp.Filter{}.Query())
	require.Equal(t,
		`WorkflowType IN ("Onramp", "Offramp") AND RampDirection = "onramp" AND RampStatus IN ("settling", "refunding")`+
			` AND RampToken = "USDC" AND RampOrderId = "6500\"" AND RampAttention = true AND StartTime > "2026-11-23T06:00:00Z"`,
		ramp.Filter{
			Direction:    ramp.Onramp,
			Statuses:     []ramp.Status{ramp.Settling, ramp.Refunding},
			Token:        "USDC",
			OrderID:      `6500"`,
			Attention:    true,
			StartedAfter: time.Date(2026, time.November, 23, 11, 30, 0, 0, time.FixedZone("IST", 19800)),
		}.Query())
	require.Equal(t,
		`WorkflowType IN ("Onramp", "Offramp") AND ((StartTime >= "2026-11-25T18:30:00Z" AND StartTime < "2026-11-26T18:30:00Z")`+
			` OR (CloseTime >= "2026-11-25T18:30:00Z" AND CloseTime < "2026-11-26T18:30:00Z"))`,
		ramp.Filter{
			From:  time.Date(2026, time.November, 25, 18, 30, 0, 0, time.UTC),
			Until: time.Date(2026, time.November, 26, 18, 30, 0, 0, time.UTC),
		}.Query())
}

func TestOrderLeavesOutWhatItDoesNotHave(t *testing.T) {
	t.Parallel()
	encoded, err := json.Marshal(ramp.Order{Reference: "inv-42", Direction: ramp.Onramp, Status: ramp.VerifyingKYC, Timeline: []ramp.TimelineEntry{}})
	require.NoError(t, err)
	require.JSONEq(t, `{"reference":"inv-42","direction":"onramp","status":"verifying_kyc",
		"createdAt":"0001-01-01T00:00:00Z","updatedAt":"0001-01-01T00:00:00Z","timeline":[]}`, string(encoded))
}

func TestProofCountsOnceItIsAccepted(t *testing.T) {
	t.Parallel()
	order := ramp.Order{}
	require.False(t, order.Accepted())
	order.Proof = &ramp.Proof{TransactionHash: "0xabc", SubmittedAt: time.Now()}
	require.False(t, order.Accepted())
	require.Equal(t, "0xabc", order.Proof.Reference())
	order.Proof.AcceptedAt = time.Now()
	require.True(t, order.Accepted())
	require.Equal(t, "412345678901", (&ramp.Proof{UTR: "412345678901"}).Reference())
}

func TestEveryTypeOfErrorIsListed(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	var constants []ramp.ErrorType
	ast.Inspect(file, func(node ast.Node) bool {
		if spec, ok := node.(*ast.ValueSpec); ok && isNamed(spec.Type, "ErrorType") {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			constants = append(constants, ramp.ErrorType(value))
		}
		return true
	})
	require.Equal(t, constants, ramp.ErrorTypes())
}

func isNamed(expression ast.Expr, name string) bool {
	identifier, ok := expression.(*ast.Ident)
	return ok && identifier.Name == name
}
