package situation_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/ramp/situation"
)

var update = flag.Bool("update", false, "write the golden files and the tables in docs")

// What must never be in a text.
const (
	utr    = "412345678901"
	hash   = "0xabc0000000000000000000000000000000000000000000000000000000000001"
	holder = "Asha Rao"
	number = "50100000004821"
)

var began = time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)

// example is an order in a case that a text depends on, beyond its status.
type example struct {
	name  string
	order *ramp.Order
}

// order is in a status, as workers report it.
func order(direction ramp.Direction, status ramp.Status, wait *ramp.Wait, actions ...ramp.Action) *ramp.Order {
	o := &ramp.Order{
		Reference: "inv-42", Direction: direction, Status: status, Wait: wait, Actions: actions, AccountKind: ramp.AccountUPI,
		CreatedAt: began, UpdatedAt: began.Add(2 * time.Minute), ExpiresAt: began.Add(3 * time.Hour), OrderID: "650000000000000000000001",
		Quote: &ramp.Quote{
			ID: "quote-1", Rate: "94.07", Pay: ramp.Amount{Amount: "1000.00", Currency: "INR"}, Receive: ramp.Amount{Amount: "10.63", Currency: "USDC"},
		},
		Instructions: &ramp.Instructions{UPI: &ramp.UPIInstructions{QR: "upi://pay?pa=merchant0001@examplebank", VPA: "merchant0001@examplebank"}},
		Timeline: []ramp.TimelineEntry{
			{Status: "before", At: began, Note: "Earlier."}, {Status: status, At: began.Add(time.Minute), Note: "A note."},
			{Status: status, At: began.Add(2 * time.Minute), Note: "Another note."},
		},
	}
	if direction == ramp.Offramp {
		o.Reference, o.AccountKind = "wd-7", ramp.AccountBank
		o.Quote.Pay, o.Quote.Receive = ramp.Amount{Amount: "100", Currency: "USDC"}, ramp.Amount{Amount: "8360.24", Currency: "INR"}
		o.Instructions = &ramp.Instructions{Deposit: &ramp.Deposit{
			WalletAddress: "0x2222222222222222222222222222222222222222", Amount: "100", Symbol: "USDC", ChainID: 137,
		}}
	}
	return o
}

func with(o *ramp.Order, change func(*ramp.Order)) *ramp.Order {
	change(o)
	return o
}

func proof(o *ramp.Order) { o.Proof = newProof(o.Direction, time.Time{}) }

func acceptedProof(o *ramp.Order) { o.Proof = newProof(o.Direction, began) }

func newProof(direction ramp.Direction, accepted time.Time) *ramp.Proof {
	if direction == ramp.Offramp {
		return &ramp.Proof{TransactionHash: hash, SubmittedAt: began, AcceptedAt: accepted}
	}
	return &ramp.Proof{UTR: utr, SubmittedAt: began, AcceptedAt: accepted}
}

func submit(direction ramp.Direction) ramp.Action {
	if direction == ramp.Offramp {
		return ramp.SubmitTransactionHash
	}
	return ramp.SubmitUTR
}

// examples are the cases of a status.
func examples(direction ramp.Direction, status ramp.Status) []example {
	provider := func(what ramp.WaitFor) *ramp.Wait { return &ramp.Wait{For: what, From: ramp.Provider} }
	user := func(what ramp.WaitFor, until time.Duration) *ramp.Wait {
		return &ramp.Wait{For: what, From: ramp.User, Until: began.Add(until)}
	}
	at := func(wait *ramp.Wait, actions ...ramp.Action) *ramp.Order {
		return order(direction, status, wait, actions...)
	}
	pay := submit(direction)
	switch status {
	case ramp.VerifyingKYC:
		return []example{
			{"the status is checked", at(provider(ramp.WaitKYCCheck), pay, ramp.SubmitKYC, ramp.CancelAction)},
			{"documents are reviewed", at(provider(ramp.WaitKYCReview), pay, ramp.SubmitKYC, ramp.CancelAction)},
			{"documents are reviewed and no others are taken", at(provider(ramp.WaitKYCReview), pay, ramp.CancelAction)},
			{"too many attempts failed", at(&ramp.Wait{For: ramp.WaitKYCPause, From: ramp.Provider, Until: began.Add(time.Hour)}, ramp.SubmitKYC, ramp.CancelAction)},
		}
	case ramp.AwaitingKYC:
		return []example{{"documents are awaited", at(user(ramp.WaitKYCDocuments, 24*time.Hour), ramp.SubmitKYC, ramp.CancelAction)}}
	case ramp.LinkingAccount:
		return []example{{"the account is linked", at(provider(ramp.WaitAccountLink), ramp.CancelAction)}}
	case ramp.AwaitingAccount:
		return []example{{"another account is awaited", at(user(ramp.WaitAccount, 24*time.Hour), ramp.SubmitAccount, ramp.CancelAction)}}
	case ramp.Quoting:
		return []example{{"the price is fetched", at(provider(ramp.WaitQuote), ramp.CancelAction)}}
	case ramp.AwaitingConfirmation:
		return []example{{"the confirmation is awaited", at(user(ramp.WaitConfirmation, 15*time.Minute), ramp.ConfirmQuote, ramp.CancelAction)}}
	case ramp.CreatingOrder:
		return []example{{"the order is created", at(provider(ramp.WaitOrder), ramp.CancelAction)}}
	case ramp.AwaitingPayment:
		return payments(direction, at, user(ramp.WaitPayment, 3*time.Hour))
	case ramp.VerifyingPayment:
		return []example{
			{"the proof can be corrected", with(at(provider(ramp.WaitPaymentSearch), pay), acceptedProof)},
			{"the proof cannot be corrected", with(at(provider(ramp.WaitPaymentSearch)), acceptedProof)},
		}
	case ramp.Settling:
		return []example{{"the provider delivers", with(at(provider(ramp.WaitDelivery)), acceptedProof)}}
	case ramp.Refunding:
		return []example{{"the payment is returned", with(at(provider(ramp.WaitRefund)), acceptedProof)}}
	default:
		return endings(direction, status)
	}
}

func payments(direction ramp.Direction, at func(*ramp.Wait, ...ramp.Action) *ramp.Order, wait *ramp.Wait) []example {
	pay := submit(direction)
	waits := func() *ramp.Order { return at(wait, pay, ramp.CancelAction) }
	status := &ramp.Wait{For: ramp.WaitPaymentStatus, From: ramp.Provider}
	until := *status
	until.Until = wait.Until
	all := []example{
		{"the payment is awaited", waits()},
		{"the order takes no more proofs", at(wait, ramp.CancelAction)},
		{"nothing tells how to pay", with(waits(), func(o *ramp.Order) { o.Instructions = new(ramp.Instructions) })},
		{"an unreadable message may be the proof", with(waits(), func(o *ramp.Order) {
			o.Concerns = []ramp.Concern{{Type: ramp.ConcernUnreadableMessage, Reason: "a signal cannot be read", Since: began}}
		})},
		{"the proof is checked", with(at(&ramp.Wait{For: ramp.WaitProofCheck, From: ramp.Provider}, pay), proof)},
		{"the provider is asked whether it has the payment", at(status, pay)},
		{"the provider is asked whether it has the payment, and the order takes no more proofs", at(status)},
		{"the provider's status does not tell whether it has the payment", at(&until, pay, ramp.CancelAction)},
	}
	if direction == ramp.Offramp {
		return all
	}
	return append(all,
		example{"by bank transfer", with(waits(), func(o *ramp.Order) {
			o.Instructions = &ramp.Instructions{Bank: &ramp.Beneficiary{Name: holder, AccountNumber: number, IFSC: "HDFC0001234"}}
		})},
		example{"by the link of a UPI app", with(waits(), func(o *ramp.Order) {
			o.Instructions = &ramp.Instructions{UPI: &ramp.UPIInstructions{DeepLinks: []ramp.DeepLink{{Name: "phonepe", URL: "phonepe://pay?pa=a@b"}}}}
		})},
		example{"on the provider's page", with(waits(), func(o *ramp.Order) { o.Instructions = &ramp.Instructions{CheckoutURL: "https://example.test/pay/1"} })},
		example{"the user has paid for an earlier order", with(waits(), func(o *ramp.Order) {
			o.Previous = &ramp.PreviousOrder{Reference: "inv-41", OrderID: "650000000000000000000000"}
		})},
	)
}

func endings(direction ramp.Direction, status ramp.Status) []example {
	end := func(changes ...func(*ramp.Order)) *ramp.Order {
		o := order(direction, status, nil)
		for _, change := range changes {
			change(o)
		}
		return o
	}
	unmade := func(o *ramp.Order) { o.OrderID, o.Instructions = "", nil }
	switch status {
	case ramp.Completed:
		return []example{{"delivered", end(acceptedProof, func(o *ramp.Order) { o.Settlement = &ramp.Settlement{TransactionHash: hash, Amount: o.Quote.Receive} })}}
	case ramp.Refunded:
		return []example{{"the payment was returned", end(acceptedProof)}}
	case ramp.Rejected:
		return []example{{"the provider refused", end(unmade)}}
	}
	all := []example{{"unpaid", end()}, {"before there was an order", end(unmade)}, {"with an accepted proof", end(acceptedProof)}}
	if direction == ramp.Offramp {
		return all
	}
	previous := func(o *ramp.Order) {
		o.Previous = &ramp.PreviousOrder{Reference: "inv-41", OrderID: "650000000000000000000000"}
	}
	if status == ramp.Cancelled {
		all = append(all, example{"by the provider, with an accepted proof", end(acceptedProof, func(o *ramp.Order) { o.ProviderStatus = "cancelled" })})
	}
	return append(all, example{"the payment of an earlier order was refused", end(previous)},
		example{"before there was an order, with an earlier payment", end(unmade, previous)})
}

// page is how a golden file shows a situation.
func page(s situation.Situation) string {
	var b strings.Builder
	fmt.Fprintln(&b, s.Headline)
	switch {
	case s.Over:
		fmt.Fprintf(&b, "over since %s\n", situation.Moment(s.Since))
	case s.Until.IsZero():
		fmt.Fprintf(&b, "waits for the %s since %s\n", s.From, situation.Moment(s.Since))
	default:
		fmt.Fprintf(&b, "waits for the %s since %s, until %s\n", s.From, situation.Moment(s.Since), situation.Moment(s.Until))
	}
	if s.What != "" {
		fmt.Fprintf(&b, "awaited: %s\n", s.What)
	}
	fmt.Fprintln(&b, s.Text)
	for _, c := range s.Concerns {
		fmt.Fprintf(&b, "! %s: %s\n", c.Type, c.Reason)
		line(&b, c.Remedy)
	}
	for _, r := range s.Remedies {
		line(&b, r)
	}
	return b.String()
}

func line(b *strings.Builder, r situation.Remedy) {
	fmt.Fprintf(b, "- [%s] ", r.Action)
	if r.Case != "" {
		fmt.Fprintf(b, "%s: ", r.Case)
	}
	fmt.Fprintln(b, r.Advice)
	if r.Command != nil {
		fmt.Fprintf(b, "  starter %s\n", strings.Join(r.Command, " "))
	}
}

// requireGolden compares a text with its golden file.
func requireGolden(t *testing.T, text string, path ...string) {
	t.Helper()
	file := filepath.Join(append([]string{"testdata"}, path...)...)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "run go test ./ramp/situation -update")
	require.Equal(t, string(want), text)
}

func directions() []ramp.Direction { return []ramp.Direction{ramp.Onramp, ramp.Offramp} }

func TestEveryStatusOfEachDirectionHasItsText(t *testing.T) {
	t.Parallel()
	for _, direction := range directions() {
		for _, status := range ramp.Statuses() {
			var b strings.Builder
			for _, e := range examples(direction, status) {
				fmt.Fprintf(&b, "# %s\n\n%s\n", e.name, page(situation.Of(e.order)))
			}
			require.NotEmpty(t, b.String(), status)
			requireGolden(t, b.String(), string(direction), string(status)+".txt")
		}
	}
}

func TestEveryConcernOfEachDirectionHasItsRemedy(t *testing.T) {
	t.Parallel()
	for _, direction := range directions() {
		for _, concern := range ramp.ConcernTypes() {
			s := situation.Of(concerned(direction, concern))
			require.Len(t, s.Concerns, 1)
			var b strings.Builder
			line(&b, s.Concerns[0].Remedy)
			requireGolden(t, b.String(), string(direction), "concerns", string(concern)+".txt")
		}
	}
}

// concerned is an order with a concern.
func concerned(direction ramp.Direction, concern ramp.ConcernType) *ramp.Order {
	o := order(direction, ramp.Settling, &ramp.Wait{For: ramp.WaitDelivery, From: ramp.Provider})
	o.Attention = "a reason"
	o.Concerns = []ramp.Concern{{Type: concern, Reason: "a reason", Since: began}}
	if concern == ramp.ConcernRefusedReuse {
		o.Previous = &ramp.PreviousOrder{Reference: "inv-41", OrderID: "650000000000000000000000"}
	}
	return o
}

func TestNoTextHoldsPersonalData(t *testing.T) {
	t.Parallel()
	for _, direction := range directions() {
		for _, status := range ramp.Statuses() {
			for _, e := range examples(direction, status) {
				text := page(situation.Of(e.order))
				for _, secret := range []string{utr, hash, holder, number} {
					require.NotContains(t, text, secret, "%s %s", status, e.name)
				}
			}
		}
	}
}

func TestNoGoldenFileIsLeftOver(t *testing.T) {
	t.Parallel()
	for _, direction := range directions() {
		statuses, err := filepath.Glob(filepath.Join("testdata", string(direction), "*.txt"))
		require.NoError(t, err)
		require.Len(t, statuses, len(ramp.Statuses()))
		concerns, err := filepath.Glob(filepath.Join("testdata", string(direction), "concerns", "*.txt"))
		require.NoError(t, err)
		require.Len(t, concerns, len(ramp.ConcernTypes()))
	}
}

func TestOrderOfAnEarlierWorkerIsDescribedByItsStatus(t *testing.T) {
	t.Parallel()
	for _, direction := range directions() {
		for _, status := range ramp.Statuses() {
			o := order(direction, status, nil)
			o.AccountKind, o.Attention = "", "something is wrong"
			s := situation.Of(o)
			require.NotEmpty(t, s.Headline, status)
			require.NotEmpty(t, s.Text, status)
			require.Equal(t, status.Final(), s.Over)
			require.Equal(t, status.Final(), s.From == "")
			require.Len(t, s.Concerns, 1)
			require.Equal(t, "something is wrong", s.Concerns[0].Reason)
			require.NotEmpty(t, s.Concerns[0].Remedy.Advice)
		}
	}
	submitted := with(order(ramp.Onramp, ramp.AwaitingPayment, nil), proof)
	require.Equal(t, ramp.Provider, situation.Of(submitted).From, "nobody is asked to pay again")
}

func TestOrderThatIsKnownByItsReferenceAloneIsDescribed(t *testing.T) {
	t.Parallel()
	for _, status := range ramp.Statuses() {
		s := situation.Of(&ramp.Order{Reference: "inv-42", Direction: ramp.Onramp, Status: status})
		require.NotEmpty(t, s.Headline, status)
	}
}

func TestStatusOfALaterVersionIsNamed(t *testing.T) {
	t.Parallel()
	s := situation.Of(order(ramp.Onramp, "reviewing_kyc", &ramp.Wait{For: "compliance", From: ramp.Provider}))
	require.Equal(t, "The order is reviewing KYC", s.Headline)
	require.False(t, s.Over)
	require.Empty(t, s.Remedies)
}

func TestPlainTextsHoldNoBackquotesAndValuesCannotAddAny(t *testing.T) {
	t.Parallel()
	require.Equal(t, "`ab`", situation.Code("a`b\n"))
	require.Equal(t, "ask about 65f", situation.Plain("ask about `65f`"))
}

func TestNobodyWhoHasPaidIsToldToPayAgain(t *testing.T) {
	t.Parallel()
	for _, status := range []ramp.Status{ramp.Rejected, ramp.Cancelled, ramp.Expired} {
		o := order(ramp.Onramp, status, nil)
		o.OrderID, o.Instructions = "", nil
		o.Previous = &ramp.PreviousOrder{Reference: "inv-41", OrderID: "650000000000000000000000"}
		for _, remedy := range situation.Of(o).Remedies {
			require.NotContains(t, remedy.Advice, "a payment of its own", "%s", status)
		}
	}
}

func TestOrderOfAnEarlierWorkerThatMayBePaidAsksForNoPayment(t *testing.T) {
	t.Parallel()
	for name, note := range map[string]ramp.TimelineEntry{
		"past its deadline": {Status: ramp.AwaitingPayment, At: began.Add(3*time.Hour + time.Second), Note: "The provider says onHold."},
		"to be cancelled": {Status: ramp.AwaitingPayment, At: began.Add(time.Hour),
			Note: ramp.CancellationRequested + ". The provider is asked first whether it has the payment."},
	} {
		o := order(ramp.Onramp, ramp.AwaitingPayment, nil)
		require.Equal(t, "The user must pay ₹1,000", situation.Of(o).Headline)
		o.Timeline = append(o.Timeline, note)
		stands := situation.Of(o)
		require.Equal(t, "The provider must say whether the order is paid", stands.Headline, name)
		require.Equal(t, ramp.Provider, stands.From, name)
	}
}
