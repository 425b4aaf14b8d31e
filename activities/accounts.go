package activities

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"go.temporal.io/sdk/workflow"

	"rampart/onmeta"
	"rampart/ramp"
)

// AccountRequest names a user's account: a VPA or a bank account, whichever the payment needs.
type AccountRequest struct {
	Email ramp.Email        `json:"email"`
	UPI   *ramp.UPIAccount  `json:"upi,omitempty"`
	Bank  *ramp.BankAccount `json:"bank,omitempty"`
}

// kind names the kind of account, for a summary.
func (r AccountRequest) kind() string {
	if r.UPI != nil {
		return "UPI ID"
	}
	return "bank account"
}

// Holder returns the name of the account's holder.
func (r AccountRequest) Holder() ramp.Personal {
	switch {
	case r.UPI != nil:
		return r.UPI.Name
	case r.Bank != nil:
		return r.Bank.AccountName
	default:
		return ""
	}
}

func (r AccountRequest) user() onmeta.User { return holder(r.Email, r.Holder()) }

// LinkState is whether an account is linked.
type LinkState string

// Link states: the provider's SUCCESS, PENDING and FAILED (provider 3.8), and NotLinked for an account that the provider does not know.
const (
	NotLinked   LinkState = "not_linked"
	Linked      LinkState = "linked"
	LinkPending LinkState = "pending"
	LinkFailed  LinkState = "failed"
)

// LinkResult is the provider's state of an account.
type LinkResult struct {
	State LinkState `json:"state"`
	// LinkReference is the provider's id of the link, by which a pending one is watched.
	LinkReference string `json:"linkReference,omitempty"`
	// Reason explains a failure.
	Reason string `json:"reason,omitempty"`
}

// LinkedAccounts looks the account up among those that the user has linked (provider 3.6, 3.7). A bank account is identified by its IFSC
// and last four digits, which is all that the provider shows. A refusal says nothing about the account and is retried.
func (c *Calls) LinkedAccounts(ctx context.Context, req AccountRequest) (LinkResult, error) {
	link, err := req.find(ctx, c.provider)
	if link.State == LinkFailed {
		link = LinkResult{State: NotLinked} // the account may be linked again
	}
	return link, classify(ctx, lookupError(err))
}

// find looks the account up in the user's list, which includes failed links.
func (r AccountRequest) find(ctx context.Context, provider *onmeta.Client) (LinkResult, error) {
	if r.UPI != nil {
		ids, err := provider.UPIIDs(ctx, r.user())
		return findUPI(ids, r.UPI), unlessEmpty(err, onmeta.RouteUPIIDs)
	}
	accounts, err := provider.BankAccounts(ctx, r.user())
	return findBank(accounts, r.Bank), unlessEmpty(err, onmeta.RouteBankAccounts)
}

// unlessEmpty drops the provider's 404 for a list, which means an empty list (provider 13).
func unlessEmpty(err error, list onmeta.Route) error {
	var provider *onmeta.Error
	none := errors.As(err, &provider) && provider.Route == list && provider.Kind == onmeta.KindRefused &&
		(provider.Status == http.StatusNotFound || provider.Code == strconv.Itoa(http.StatusNotFound))
	if none {
		return nil
	}
	return err
}

// findUPI returns the best link of a VPA, which may be listed more than once.
func findUPI(ids []onmeta.UPIID, wanted *ramp.UPIAccount) LinkResult {
	best := LinkResult{State: NotLinked}
	for _, id := range ids {
		if strings.EqualFold(string(id.ID), string(wanted.ID)) {
			best = better(best, linkResult(onmeta.Link{Reference: id.Reference, Status: id.Status, Reason: id.Reason}))
		}
	}
	return best
}

// findBank returns the best link of a bank account.
func findBank(accounts []onmeta.BankAccount, wanted *ramp.BankAccount) LinkResult {
	best := LinkResult{State: NotLinked}
	for _, account := range accounts {
		if account.AccountNumber.String() == wanted.AccountNumber.String() &&
			strings.EqualFold(string(account.IFSC), string(wanted.IFSC)) {
			best = better(best, linkResult(onmeta.Link{Reference: account.Reference, Status: account.Status, Reason: account.Reason}))
		}
	}
	return best
}

// better returns the more useful of two links.
func better(a, b LinkResult) LinkResult {
	usefulness := []LinkState{NotLinked, LinkFailed, LinkPending, Linked}
	if slices.Index(usefulness, b.State) > slices.Index(usefulness, a.State) {
		return b
	}
	return a
}

func linkResult(link onmeta.Link) LinkResult {
	result := LinkResult{LinkReference: link.Reference, Reason: link.Reason}
	switch link.Status {
	case onmeta.LinkSuccess:
		result.State = Linked
	case onmeta.LinkFailed:
		result.State = LinkFailed
	default:
		result.State = LinkPending
	}
	return result
}

// LinkedAccounts runs the activity.
func LinkedAccounts(ctx workflow.Context, req AccountRequest) (LinkResult, error) {
	return linkedAccounts(ctx, accountPolicy, req)
}

// PrefetchLinkedAccounts runs the activity before the order needs its result, at the lowest priority.
func PrefetchLinkedAccounts(ctx workflow.Context, req AccountRequest) (LinkResult, error) {
	return linkedAccounts(ctx, kycPolicy, req)
}

func linkedAccounts(ctx workflow.Context, p policy, req AccountRequest) (LinkResult, error) {
	return call[LinkResult](ctx, p, "Look the "+req.kind()+" up among the user's linked ones", (*Calls)(nil).LinkedAccounts, req)
}
