package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"golang.org/x/sync/errgroup"

	"rampart/internal/payloadmeta"
	"rampart/ramp"
	"rampart/test/badinput"
)

// invalidStart is an input that starts no order.
type invalidStart struct {
	name         string
	workflowType string
	input        *commonpb.Payload
	// field is the field at fault; empty if the input as a whole violates the contract.
	field, problem string
}

// documentedInvalidStarts returns the examples of docs/reference/bad-input.md, in their order.
func documentedInvalidStarts(t *testing.T) []invalidStart {
	t.Helper()
	var all []invalidStart
	for _, bad := range badinput.Read(t, "../../docs/reference/bad-input.md") {
		all = append(all, invalidStart{
			name: bad.Line, workflowType: bad.Kind, input: plainJSON(bad.Request(t)), field: bad.Field, problem: bad.Problem,
		})
	}
	return all
}

func plainJSON(content string) *commonpb.Payload { return encodedAs("json/plain", content) }

func encodedAs(encoding, content string) *commonpb.Payload {
	return &commonpb.Payload{
		Metadata: map[string][]byte{converter.MetadataEncoding: []byte(encoding)},
		Data:     []byte(content),
	}
}

// invalidPayloads returns payloads that contain no valid document, by the text of their refusal.
func invalidPayloads(sound string) map[string]*commonpb.Payload {
	return map[string]*commonpb.Payload{
		"is not JSON, from byte 1":          plainJSON("order"),
		"a JSON array":                      plainJSON("[" + sound + "]"),
		"a JSON string":                     plainJSON(`"hunter2@nobody.test"`),
		"a JSON number":                     plainJSON("50100000004821"),
		"JSON object":                       plainJSON(sound + sound),
		"is not JSON, from byte 2":          plainJSON("{'reference': 'hunter2'}"),
		"is not JSON, from byte":            plainJSON(strings.Repeat(`{"fiat":`, 20_000)),
		`unknown field "hunter"`:            plainJSON(`{"hunter": "hunter2@nobody.test"}`),
		`not "json/protobuf"`:               encodedAs("json/protobuf", sound),
		`not "binary/protobuf"`:             encodedAs("binary/protobuf", "\x0a\x06hunter2"),
		`not "binary/plain"`:                encodedAs("binary/plain", sound),
		"the argument is missing":           encodedAs("binary/null", ""),
		`not "application/xml"`:             encodedAs("application/xml", "<order>hunter2</order>"),
		`not ""`:                            {Data: []byte(sound)},
		"the argument does not decrypt: it": encodedAs(payloadmeta.Encoding, "hunter2"),
	}
}

func otherInvalidStarts(t *testing.T) []invalidStart {
	t.Helper()
	sound, err := json.Marshal(onrampRequest("sound"))
	require.NoError(t, err)
	var all []invalidStart
	for field, twice := range map[string]string{
		"email":       strings.Replace(string(sound), `"email"`, `"email":"hunter2@nobody.test","email"`, 1),
		"fiat.amount": strings.Replace(string(sound), `"amount"`, `"Amount":"9999.00","amount"`, 1),
		"metadata":    strings.Replace(string(sound), `"email"`, `"metadata":{"hunter2":"1","hunter2":"2"},"email"`, 1),
	} {
		problem := "gives a field twice: " + field
		all = append(all, invalidStart{name: problem, workflowType: ramp.OnrampWorkflow, input: plainJSON(twice), problem: problem})
	}
	for problem, payload := range invalidPayloads(string(sound)) {
		all = append(all, invalidStart{name: problem, workflowType: ramp.OnrampWorkflow, input: payload, problem: problem})
	}
	tooMuch := onrampRequest("sound")
	tooMuch.Metadata = make(map[string]string)
	for i := range 21 {
		tooMuch.Metadata[fmt.Sprintf("key-%d", i)] = "x"
	}
	long := onrampRequest(strings.Repeat("x", 129))
	huge := onrampRequest("sound")
	huge.UPI.Name = ramp.Personal(strings.Repeat("x", 1<<20))
	for field, request := range map[string]ramp.OnrampRequest{"metadata": tooMuch, "reference": long, "upi.name": huge} {
		encoded, err := json.Marshal(request)
		require.NoError(t, err)
		all = append(all, invalidStart{name: "too much in " + field, workflowType: ramp.OnrampWorkflow, input: plainJSON(string(encoded)), field: field})
	}
	return append(all, invalidStart{
		name: "no request", workflowType: ramp.OfframpWorkflow, problem: "the argument is missing",
	}, invalidStart{
		name: "a workflow id that is not the reference's", workflowType: ramp.OnrampWorkflow, input: plainJSON(string(sound)),
		problem: "the workflow id of this order must be onramp/sound, so that one reference is one order",
	})
}

// checkRefusal starts a workflow without the checks of a client, and returns an error if it is not refused as expected.
func (s *stack) checkRefusal(sender client.Client, id string, bad invalidStart) error {
	var arguments []any
	if bad.input != nil {
		arguments = append(arguments, converter.NewRawValue(bad.input))
	}
	run, err := sender.ExecuteWorkflow(s.t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: ramp.TaskQueue},
		bad.workflowType, arguments...)
	if err != nil {
		return err
	}
	refusal, err := refusalOf(s.Temporal.GetWorkflow(s.t.Context(), run.GetID(), run.GetRunID()).Get(s.t.Context(), nil))
	switch {
	case err != nil:
		return err
	case refusal.Type != ramp.InvalidRequest:
		return fmt.Errorf("it is refused as %s: %w", refusal.Type, refusal)
	case bad.field == "" && !strings.Contains(refusal.Error(), bad.problem),
		bad.field != "" && (len(refusal.Fields) != 1 || refusal.Fields[0].Field != bad.field),
		bad.field != "" && bad.problem != "" && refusal.Fields[0].Problem != bad.problem:
		return fmt.Errorf("its refusal is another: %w", refusal)
	default:
		return checkQuotesNoInput(refusal)
	}
}

// refusalOf returns the error of the contract that an error of Temporal contains.
func refusalOf(err error) (*ramp.Error, error) {
	var application *temporal.ApplicationError
	if !errors.As(err, &application) || !application.NonRetryable() || !application.HasDetails() {
		return nil, fmt.Errorf("no refusal of the contract's: %w", err)
	}
	var refusal ramp.Error
	if err := application.Details(&refusal); err != nil {
		return nil, err
	}
	if string(refusal.Type) != application.Type() || refusal.Error() != application.Message() {
		return nil, fmt.Errorf("the error %s says other than its details: %w", application.Type(), &refusal)
	}
	return &refusal, nil
}

// checkQuotesNoInput returns an error if a refusal quotes a value of the input.
func checkQuotesNoInput(refusal *ramp.Error) error {
	said := regexp.MustCompile(`such as \S+`).ReplaceAllString(refusal.Error(), "") // texts may contain examples
	for _, value := range []string{"asha@", "Asha Rao", "50100000004821", "hunter2", "nobody@", "body@", "No Body", "9999"} {
		if strings.Contains(said, value) {
			return fmt.Errorf("the refusal repeats %q: %w", value, refusal)
		}
	}
	return nil
}

func TestInvalidStartsMakeNoCallAndLeaveNothingRunning(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	starts := append(documentedInvalidStarts(t), otherInvalidStarts(t)...)
	require.Greater(t, len(starts), 240)
	outsider := s.outsider()

	var starting errgroup.Group
	starting.SetLimit(8)
	for i, bad := range starts {
		starting.Go(func() error {
			sender := s.Temporal
			if i%2 == 0 || bad.field == "" { // unencrypted, as any SDK sends it
				sender = outsider
			}
			if err := s.checkRefusal(sender, fmt.Sprintf("onramp/bad-%d", i), bad); err != nil {
				return fmt.Errorf("%.300s: %w", bad.name, err)
			}
			return nil
		})
	}
	require.NoError(t, starting.Wait())

	ledger := s.ledger()
	delete(ledger.Calls, "GET /v1/orders/get-chain-limit") // the worker's own call, which checks its API key
	require.Empty(t, ledger.Calls, "the provider was called")
	require.Empty(t, ledger.Orders)
	eventually(t, patience, func() error {
		for status, want := range map[string]int{"Running": 0, "Failed": len(starts)} {
			counted, err := s.Temporal.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{
				Query: fmt.Sprintf("ExecutionStatus = %q AND WorkflowType != %q", status, ramp.WorkerLeaseWorkflow),
			})
			if err != nil {
				return err
			}
			if int(counted.GetCount()) != want {
				return fmt.Errorf("%d workflows are %s, not %d", counted.GetCount(), status, want)
			}
		}
		return nil
	})
	t.Logf("%d bad starts were refused", len(starts))
}

// invalidMessage is a message that an order must refuse in its current status.
type invalidMessage struct {
	order   ramp.ID
	name    string
	payload *commonpb.Payload
	kind    ramp.ErrorType
	// says is a part of the refusal.
	says string
}

// Orders that wait for different things.
var (
	awaitsUPI      = buy("waits-for-upi")
	awaitsNEFT     = buy("waits-for-neft")
	awaitsTokens   = sell("waits-for-tokens")
	awaitsQuote    = buy("waits-for-quote")
	awaitsAccount  = buy("waits-for-account")
	awaitsKYC      = buy("waits-for-documents")
	completedOrder = buy("is-completed")
)

// startWaitingOrders starts the orders and returns once each waits for what it is named after.
func (s *stack) startWaitingOrders() {
	s.t.Helper()
	neft := onrampRequest(awaitsNEFT.Reference)
	neft.PaymentMethod, neft.UPI = ramp.NEFT, nil
	neft.Bank = &ramp.BankAccount{AccountName: "Asha Rao", AccountNumber: "50100000004821", IFSC: "HDFC0001234"}
	confirmed := onrampRequest(awaitsQuote.Reference)
	confirmed.Quote = &ramp.QuoteTerms{Confirm: true}
	unlinked := onrampRequest(awaitsAccount.Reference)
	unlinked.Email, unlinked.UPI.ID = "asha@example.test", "ashafailed@okbank"
	requests := map[ramp.Status][]ramp.OnrampRequest{
		ramp.AwaitingPayment:      {onrampRequest(awaitsUPI.Reference), onrampRequest(completedOrder.Reference), neft},
		ramp.AwaitingConfirmation: {confirmed},
		ramp.AwaitingAccount:      {unlinked},
		ramp.AwaitingKYC:          {unverified(awaitsKYC.Reference, "nokyc")},
	}
	for status, each := range requests {
		for _, request := range each {
			order, err := s.Orders.StartOnramp(s.t.Context(), request)
			require.NoError(s.t, err)
			require.Equal(s.t, status, order.Status, request.Reference)
		}
	}
	_, err := s.Orders.StartOfframp(s.t.Context(), offrampRequest(awaitsTokens.Reference))
	require.NoError(s.t, err)
	_, err = s.Orders.SubmitUTR(s.t.Context(), completedOrder.Reference, utrOf(700))
	require.NoError(s.t, err)
	s.awaitStatus(completedOrder, completionTime, ramp.Completed)
}

// completeWaitingOrders submits what each order waits for, and requires that all of them complete.
func (s *stack) completeWaitingOrders() {
	s.t.Helper()
	quoted, err := s.Orders.Get(s.t.Context(), awaitsQuote)
	require.NoError(s.t, err)
	_, err = s.Orders.ConfirmQuote(s.t.Context(), awaitsQuote, quoted.Quote.ID)
	require.NoError(s.t, err)
	_, err = s.Orders.SubmitAccount(s.t.Context(), awaitsAccount, ramp.AccountSubmission{UPI: onrampRequest("").UPI})
	require.NoError(s.t, err)
	_, err = s.Orders.SubmitKYC(s.t.Context(), awaitsKYC, writeDossier(s.t, dossier(string(unverified("", "nokyc").Email))))
	require.NoError(s.t, err)
	for n, order := range []ramp.ID{awaitsUPI, awaitsQuote, awaitsAccount, awaitsKYC} {
		_, err := s.Orders.SubmitUTR(s.t.Context(), order.Reference, utrOf(n))
		require.NoError(s.t, err)
	}
	_, err = s.Orders.SubmitUTR(s.t.Context(), awaitsNEFT.Reference, "HDFCN52026112301")
	require.NoError(s.t, err)
	_, err = s.Orders.SubmitTransactionHash(s.t.Context(), awaitsTokens.Reference, hashOf(1))
	require.NoError(s.t, err)
	for _, order := range []ramp.ID{awaitsUPI, awaitsNEFT, awaitsTokens, awaitsQuote, awaitsAccount, awaitsKYC} {
		s.awaitStatus(order, completionTime, ramp.Completed)
	}
}

func invalidMessages() []invalidMessage {
	const (
		invalid  = ramp.InvalidRequest
		upi      = "utr must be the 12 digits that the UPI app shows for the payment"
		neft     = "utr must be the 16 to 22 letters and digits that the bank shows for the NEFT transfer"
		hash     = "transactionHash must be a transaction hash of this chain: 0x and 64 hex digits"
		quoteID  = "quoteId must be the id of the quote that the user saw"
		place    = "dossier must be the URL of a prefix in a blob store"
		handle   = "upi.id must be a name, an @ and the handle of a bank or app"
		holder   = "upi.name must be the holder's name"
		nines    = "9999999999999999999999999999999999999999999999999999999999999999"
		anyQuote = `{"quoteId": "q-1"}`
	)
	messages := []invalidMessage{
		{awaitsUPI, ramp.SubmitUTR, plainJSON(`{}`), invalid, upi},
		{awaitsUPI, ramp.SubmitUTR, plainJSON(`{"utr": ""}`), invalid, upi},
		{awaitsUPI, ramp.SubmitUTR, plainJSON(`{"utr": "99999999999"}`), invalid, upi},
		{awaitsUPI, ramp.SubmitUTR, plainJSON(`{"utr": "9999999999999"}`), invalid, upi},
		{awaitsUPI, ramp.SubmitUTR, plainJSON(`{"utr": "99999999999O"}`), invalid, upi},
		{awaitsUPI, ramp.SubmitUTR, plainJSON(`{"utr": "\u0967\u0968\u0969\u096a"}`), invalid, upi},
		{awaitsUPI, ramp.SubmitUTR, plainJSON(`{"utr": "999999999999\u0000"}`), invalid, upi},
		{awaitsUPI, ramp.SubmitUTR, plainJSON(`{"utr": "9999\u200b99999999"}`), invalid, upi},
		{awaitsUPI, ramp.SubmitUTR, plainJSON(`{"utr": "HDFCN99999999999"}`), invalid, upi},
		{awaitsUPI, ramp.SubmitUTR, plainJSON(`{"utr": "` + strings.Repeat("9", 100_000) + `"}`), invalid, upi},
		{awaitsUPI, ramp.SubmitUTR, plainJSON(`{"utr": 999999999999}`), invalid, `has a JSON number in the field "utr"`},
		{awaitsUPI, ramp.SubmitUTR, plainJSON(`{"utr": ["999999999999"]}`), invalid, `has a JSON array in the field "utr"`},
		{awaitsUPI, ramp.SubmitUTR, plainJSON(`{"transactionHash": "0x` + nines + `"}`), invalid, `unknown field "transactionHash"`},
		{awaitsUPI, ramp.SubmitUTR, plainJSON(`{"utr": "999999999999", "amount": "1"}`), invalid, `unknown field "amount"`},
		{awaitsUPI, ramp.SubmitUTR, plainJSON(`null`), invalid, "holds a JSON null, not an object"},
		{awaitsUPI, ramp.SubmitUTR, plainJSON(`{"utr": "412345678901", "utr": "999999999999"}`), invalid, "gives a field twice: utr"},
		{awaitsUPI, ramp.SubmitUTR, plainJSON(`{"utr": "412345678901", "UTR": "999999999999"}`), invalid, "gives a field twice: UTR"},
		{awaitsNEFT, ramp.SubmitUTR, plainJSON(`{"utr": "999999999999"}`), invalid, neft},
		{awaitsNEFT, ramp.SubmitUTR, plainJSON(`{"utr": "HDFCN-99999999999"}`), invalid, neft},
		{awaitsNEFT, ramp.SubmitUTR, plainJSON(`{"utr": "HDFCN999999999999999999"}`), invalid, neft},
		{awaitsTokens, ramp.SubmitTransactionHash, plainJSON(`{}`), invalid, hash},
		{awaitsTokens, ramp.SubmitTransactionHash, plainJSON(`{"transactionHash": "0x1"}`), invalid, hash},
		{awaitsTokens, ramp.SubmitTransactionHash, plainJSON(`{"transactionHash": "` + nines + `"}`), invalid, hash},
		{awaitsTokens, ramp.SubmitTransactionHash, plainJSON(`{"transactionHash": "0X` + nines + `"}`), invalid, hash},
		{awaitsTokens, ramp.SubmitTransactionHash, plainJSON(`{"transactionHash": "0x` + nines[:63] + `g"}`), invalid, hash},
		{awaitsTokens, ramp.SubmitTransactionHash, plainJSON(`{"transactionHash": "https://polygonscan.com/tx/0x` + nines + `"}`), invalid, hash},
		{awaitsTokens, ramp.SubmitTransactionHash, plainJSON(`{"utr": "999999999999"}`), invalid, `unknown field "utr"`},
		{awaitsTokens, ramp.SubmitAccount, plainJSON(`{"bank": {"ifsc": "HDFC0001234"}}`), ramp.InvalidRequest, "bank.accountName must be the holder's name"},
		{awaitsQuote, ramp.ConfirmQuote, plainJSON(`{}`), invalid, quoteID},
		{awaitsQuote, ramp.ConfirmQuote, plainJSON(`{"quoteId": "q\n1"}`), invalid, quoteID},
		{awaitsQuote, ramp.ConfirmQuote, plainJSON(`{"quoteId": "` + strings.Repeat("q", 129) + `"}`), invalid, quoteID},
		{awaitsQuote, ramp.ConfirmQuote, plainJSON(`{"quoteId": 1}`), invalid, `has a JSON number in the field "quoteId"`},
		{awaitsQuote, ramp.ConfirmQuote, plainJSON(`{"quoteID": "q-1", "confirm": true}`), invalid, `unknown field "confirm"`},
		{awaitsQuote, ramp.ConfirmQuote, plainJSON(anyQuote), ramp.QuoteMismatch, "another quote waits for confirmation"},
		{awaitsUPI, ramp.ConfirmQuote, plainJSON(anyQuote), ramp.NotAwaited, "does not wait for a quote to be confirmed"},
		{awaitsAccount, ramp.ConfirmQuote, plainJSON(anyQuote), ramp.NotAwaited, "does not wait for a quote to be confirmed"},
		{awaitsAccount, ramp.SubmitAccount, plainJSON(`{}`), invalid, "upi must be given: the order needs a VPA"},
		{awaitsAccount, ramp.SubmitAccount, plainJSON(`{"upi": {"id": "nobody", "name": "No Body"}}`), invalid, handle},
		{awaitsAccount, ramp.SubmitAccount, plainJSON(`{"upi": {"id": "nobody@nobody.test", "name": "No Body"}}`), invalid, handle},
		{awaitsAccount, ramp.SubmitAccount, plainJSON(`{"upi": {"id": "nobody@okbody", "name": "No\u202eBody"}}`), invalid, holder},
		{awaitsAccount, ramp.SubmitAccount, plainJSON(`{"upi": {"id": "nobody@okbody"}}`), invalid, holder},
		{awaitsAccount, ramp.SubmitAccount, plainJSON(`{"upi": "nobody@okbody"}`), invalid, `has a JSON string in the field "upi"`},
		{awaitsAccount, ramp.SubmitAccount, plainJSON(`{"upi": {"id": "nobody@okbody", "name": "No Body"}, "bank": {}}`), invalid, "bank must be left out: the order needs a VPA"},
		{awaitsAccount, ramp.SubmitAccount, plainJSON(`{"vpa": "nobody@okbody"}`), invalid, `unknown field "vpa"`},
		{awaitsUPI, ramp.SubmitAccount, plainJSON(`{"upi": {"id": "nobody@okbody", "name": "No Body"}}`), ramp.NotAwaited, "the account is linked"},
		{awaitsKYC, ramp.SubmitKYC, plainJSON(`{}`), invalid, "dossier must be a URL of at most 1024 ASCII characters"},
		{awaitsKYC, ramp.SubmitKYC, plainJSON(`{"dossier": "/kyc/nobody"}`), invalid, place},
		{awaitsKYC, ramp.SubmitKYC, plainJSON(`{"dossier": "https://nobody.test/kyc"}`), invalid, place},
		{awaitsKYC, ramp.SubmitKYC, plainJSON(`{"dossier": "s3://key:hunter2@kyc/nobody"}`), invalid, "dossier must not carry credentials"},
		{awaitsKYC, ramp.SubmitKYC, plainJSON(`{"dossier": "file:///kyc/../etc"}`), invalid, "dossier must name its prefix plainly"},
		{awaitsKYC, ramp.SubmitKYC, plainJSON(`{"dossier": null}`), invalid, "dossier must be a URL"},
		{awaitsUPI, ramp.SubmitKYC, plainJSON(`{"dossier": "file:///kyc/nobody"}`), ramp.NotAwaited, "the user's KYC is decided"},
	}
	for says, payload := range invalidPayloads(`{"utr": "999999999999"}`) {
		messages = append(messages, invalidMessage{awaitsNEFT, ramp.SubmitUTR, payload, invalid, says})
	}
	return messages
}

func TestInvalidMessagesAreRefusedAndTheirOrdersComplete(t *testing.T) {
	t.Parallel()
	s := newStack(t, 20)
	s.startWaitingOrders()
	messages := invalidMessages()
	outsider := s.outsider()
	before := s.callsWithoutPolls()

	for _, bad := range messages {
		s.requireRefused(bad)
	}
	for _, bad := range messages {
		id := bad.order.Direction.WorkflowID(bad.order.Reference)
		require.NoError(t, outsider.SignalWorkflow(t.Context(), id, "", bad.name, converter.NewRawValue(bad.payload)))
	}
	for _, bad := range messages {
		order := s.await(bad.order, completionTime, func(order *ramp.Order) bool {
			return slices.ContainsFunc(order.Timeline, func(entry ramp.TimelineEntry) bool {
				return strings.HasPrefix(entry.Note, "A "+bad.name+" signal was ignored: ") && strings.Contains(entry.Note, bad.says)
			})
		})
		require.Nil(t, order.Proof)
		for _, entry := range order.Timeline {
			require.NoError(t, checkQuotesNoInput(&ramp.Error{Message: entry.Note}))
		}
	}
	s.requireOtherMessagesChangeNothing(outsider)
	require.Equal(t, before, s.callsWithoutPolls(), "the provider was called")

	s.completeWaitingOrders()
	ledger := s.ledger()
	require.Len(t, ledger.Orders, 7)
	require.Len(t, ledger.Proofs, 7)
	for _, order := range ledger.Orders {
		require.Equal(t, 1, order.ProofsAccepted, order.Reference)
		require.Zero(t, order.ProofsRefused, order.Reference)
	}
	s.requireReplay(awaitsUPI, awaitsNEFT, awaitsTokens, awaitsQuote, awaitsAccount, awaitsKYC)
	t.Logf("%d bad messages were refused as updates and ignored as signals", len(messages))
}

// callsWithoutPolls returns the calls of the provider except those that waiting orders repeat: quotes while one is to be confirmed, and
// the KYC status while documents are awaited.
func (s *stack) callsWithoutPolls() map[string]int {
	s.t.Helper()
	calls := s.ledger().Calls
	maps.DeleteFunc(calls, func(route string, _ int) bool {
		return strings.HasPrefix(route, "POST /v1/quote/") || route == "POST /v1/users/kyc-status"
	})
	return calls
}

func (s *stack) requireRefused(bad invalidMessage) {
	s.t.Helper()
	refusal, err := refusalOf(s.update(s.Temporal, bad.order, bad.name, converter.NewRawValue(bad.payload)))
	require.NoError(s.t, err, bad.says)
	require.Equal(s.t, bad.kind, refusal.Type, bad.says)
	require.Contains(s.t, refusal.Error(), bad.says)
	require.NoError(s.t, checkQuotesNoInput(refusal))
}

func (s *stack) update(sender client.Client, order ramp.ID, name string, arguments ...any) error {
	handle, err := sender.UpdateWorkflow(s.t.Context(), client.UpdateWorkflowOptions{
		WorkflowID:   order.Direction.WorkflowID(order.Reference),
		UpdateName:   name,
		Args:         arguments,
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		return err
	}
	return handle.Get(s.t.Context(), nil)
}

// requireOtherMessagesChangeNothing sends messages that no order accepts: those of the other direction, unknown ones, and messages to
// closed and missing orders.
func (s *stack) requireOtherMessagesChangeNothing(sender client.Client) {
	s.t.Helper()
	hash, utr := ramp.HashSubmission{TransactionHash: hashOf(99)}, ramp.UTRSubmission{UTR: ramp.UTR(utrOf(99))}
	for _, wrong := range []struct {
		order    ramp.ID
		name     string
		argument any
	}{
		{awaitsUPI, ramp.SubmitTransactionHash, hash},
		{awaitsTokens, ramp.SubmitUTR, utr},
		{awaitsUPI, "submit_utr", utr},
		{awaitsUPI, "Submit-UTR", utr},
		{awaitsUPI, "", utr},
	} {
		require.Error(s.t, s.update(sender, wrong.order, wrong.name, wrong.argument), wrong.name)
		if wrong.name != "" {
			id := wrong.order.Direction.WorkflowID(wrong.order.Reference)
			require.NoError(s.t, sender.SignalWorkflow(s.t.Context(), id, "", wrong.name, wrong.argument))
		}
	}
	var absent *serviceerror.NotFound
	for _, late := range []ramp.ID{completedOrder, buy("never-was"), sell(awaitsUPI.Reference)} {
		id := late.Direction.WorkflowID(late.Reference)
		require.ErrorAs(s.t, s.update(sender, late, ramp.SubmitUTR, utr), &absent, late.Reference)
		require.ErrorAs(s.t, sender.SignalWorkflow(s.t.Context(), id, "", ramp.SubmitUTR, utr), &absent, late.Reference)
	}
	_, err := s.Orders.SubmitUTR(s.t.Context(), completedOrder.Reference, utrOf(99))
	require.True(s.t, ramp.IsError(err, ramp.OrderOver), "%v", err)
	_, err = s.Orders.SubmitUTR(s.t.Context(), "never-was", utrOf(99))
	require.True(s.t, ramp.IsError(err, ramp.NotFound), "%v", err)
	_, err = s.Orders.StartOnramp(s.t.Context(), onrampRequest(awaitsQuote.Reference))
	require.True(s.t, ramp.IsError(err, ramp.ReferenceTaken), "%v", err)
	_, err = sender.QueryWorkflow(s.t.Context(), "onramp/"+awaitsUPI.Reference, "", "Order")
	require.Error(s.t, err)
	description, err := s.Temporal.DescribeWorkflow(s.t.Context(), "onramp/"+awaitsUPI.Reference, "")
	require.NoError(s.t, err)
	require.Equal(s.t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, description.Status)
}
