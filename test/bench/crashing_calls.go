package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"rampart/ramp"
	"rampart/ramptest"
	"rampart/sandbox/ledger"
)

// crashingCall is a call that changes something at the provider, during which a worker is killed.
type crashingCall struct {
	name, route string
	// effect is what the provider records once it has done what the call asks for.
	effect ledger.EventKind
	// proof is set if the call submits a proof; the others come before the payment instructions.
	proof bool
	// transfer is set for creations by bank transfer.
	transfer bool
	// order returns an order that makes the call, by a number.
	order func(s *stack, number int) (crashingOrder, error)
}

// crashingOrder is an order of a user of its own, as its backend sees it.
type crashingOrder struct {
	id    ramp.ID
	email string
	// start returns once there are payment instructions, and prove once the proof is accepted.
	start, prove func(context.Context) error
}

// crashingCalls returns the calls that change something at the provider.
func crashingCalls() []crashingCall {
	const create = "POST /v1/orders/create"
	return []crashingCall{
		{name: "creation by UPI", route: create, effect: ledger.EventOrder, order: buying("linked", ramp.UPI)},
		{name: "submission of a UTR", route: "POST /v1/orders/utr", effect: ledger.EventProof, proof: true, order: buying("linked", ramp.UPI)},
		{name: "creation, off-ramp", route: "POST /v1/offramp/orders/create", effect: ledger.EventOrder, order: selling("linked")},
		{name: "submission of a hash", route: "POST /v1/offramp/orders/txnhash", effect: ledger.EventProof, proof: true, order: selling("linked")},
		{name: "login", route: "POST /v1/users/login", effect: ledger.EventLogin, order: buying("linked", ramp.UPI)},
		{name: "upload of KYC documents", route: "POST /v1/users/upload/kyc", effect: ledger.EventKYC, order: buying("nokyc+linked", ramp.UPI)},
		{name: "link of a UPI ID", route: "POST /v1/users/upi-link", effect: ledger.EventUPILink, order: buying("unlinked", ramp.UPI)},
		{name: "link of a bank account", route: "POST /v1/users/account-link", effect: ledger.EventBankLink, order: selling("unlinked")},
		{name: "creation by IMPS", route: create, effect: ledger.EventOrder, transfer: true, order: buying("linked", ramp.IMPS)},
		{name: "creation by NEFT", route: create, effect: ledger.EventOrder, transfer: true, order: buying("linked", ramp.NEFT)},
	}
}

// crashingEmail returns the e-mail of a user by tags of the sandbox.
func crashingEmail(number int, tags string) string {
	return fmt.Sprintf("asha+%s+%d@example.test", tags, number)
}

func buying(tags string, method ramp.PaymentMethod) func(*stack, int) (crashingOrder, error) {
	return func(s *stack, number int) (crashingOrder, error) {
		request := ramptest.OnrampRequest(fmt.Sprintf("crash-%d", number))
		request.Email = ramp.Email(crashingEmail(number, tags))
		if request.PaymentMethod = method; method != ramp.UPI {
			request.UPI, request.Bank = nil, &ramp.BankAccount{AccountName: "Asha Rao", AccountNumber: "50100000004821", IFSC: "HDFC0001234"}
		}
		var err error
		if tags == "nokyc+linked" {
			request.KYC, err = writeDossier(s.Dir, number, string(request.Email))
		}
		return crashingOrder{
			id: ramp.ID{Direction: ramp.Onramp, Reference: request.Reference}, email: string(request.Email),
			start: func(ctx context.Context) error { return payable(s.Orders.StartOnramp(ctx, request)) },
			prove: func(ctx context.Context) error {
				return proven(s.Orders.SubmitUTR(ctx, request.Reference, utrOf(method)))
			},
		}, err
	}
}

// utrOf returns a new UTR in the form of a payment method.
func utrOf(method ramp.PaymentMethod) string {
	utr := ramptest.UTR()
	if method == ramp.NEFT {
		return "HDFCN4" + utr[2:]
	}
	return utr
}

func selling(tags string) func(*stack, int) (crashingOrder, error) {
	return func(s *stack, number int) (crashingOrder, error) {
		request := ramptest.OfframpRequest(fmt.Sprintf("crash-%d", number))
		request.Email = ramp.Email(crashingEmail(number, tags))
		return crashingOrder{
			id: ramp.ID{Direction: ramp.Offramp, Reference: request.Reference}, email: string(request.Email),
			start: func(ctx context.Context) error { return payable(s.Orders.StartOfframp(ctx, request)) },
			prove: func(ctx context.Context) error {
				return proven(s.Orders.SubmitTransactionHash(ctx, request.Reference, ramptest.TransactionHash()))
			},
		}, nil
	}
}

// payable fails unless the order's user can be told how to pay.
func payable(order *ramp.Order, err error) error {
	if err == nil && order.Instructions == nil {
		err = fmt.Errorf("order %s is %s, without payment instructions", order.Reference, order.Status)
	}
	return err
}

// proven fails unless the order's proof was accepted.
func proven(order *ramp.Order, err error) error {
	if err == nil && !order.Accepted() {
		err = fmt.Errorf("order %s is %s, without an accepted proof", order.Reference, order.Status)
	}
	return err
}

// writeDossier writes the KYC documents of a user.
func writeDossier(dir string, number int, email string) (*ramp.KYC, error) {
	dir, err := filepath.Abs(filepath.Join(dir, fmt.Sprintf("dossier-%d", number)))
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	const jpeg = "\xff\xd8\xff\xe0"
	for name, content := range map[string]string{
		"dossier.json": `{"email":"` + email + `","firstName":"Asha","lastName":"Rao","pan":"ABCPE1234F","aadhaar":"999941057058","incomeRange":"<10L",
			"profession":"engineer","selfie":"selfie.jpg","aadhaarFront":"front.jpg","aadhaarBack":"back.jpg",
			"panFront":"pan-front.jpg","panBack":"pan-back.jpg"}`,
		"selfie.jpg": jpeg + "selfie", "front.jpg": jpeg + "front", "back.jpg": jpeg + "back",
		"pan-front.jpg": jpeg + "pan front", "pan-back.jpg": jpeg + "pan back",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return nil, err
		}
	}
	return &ramp.KYC{Dossier: ramp.Dossier("file://" + dir)}, nil
}
