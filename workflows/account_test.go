package workflows_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/activities"
	"rampart/onmeta"
	"rampart/ramp"
)

// buyOrSell runs an order of a new user, whose UPI ID or bank account is not linked yet.
func (r *journey) buyOrSell(direction ramp.Direction, pending bool) ramp.Order {
	r.t.Helper()
	if direction == ramp.Offramp {
		request := offrampRequest()
		request.TransactionHash = hash
		if pending {
			request.Bank.AccountNumber = "50100000009001"
		}
		return r.sell(request)
	}
	request := onrampRequest()
	request.UTR = utr
	if pending {
		request.UPI.ID = "ashapending@okbank"
	}
	return r.buy(request)
}

func bothDirections() []ramp.Direction { return []ramp.Direction{ramp.Onramp, ramp.Offramp} }

func (p *provider) onAccounts(lists trouble) {
	p.network.on(onmeta.RouteUPIIDs, lists)
	p.network.on(onmeta.RouteBankAccounts, lists)
}

func (p *provider) onLinks(links trouble) {
	p.network.on(onmeta.RouteLinkUPI, links)
	p.network.on(onmeta.RouteLinkBank, links)
}

func TestNewUserForWhomTheListOfAccountsIs404IsLinked(t *testing.T) {
	t.Parallel()
	for _, direction := range bothDirections() {
		t.Run(string(direction), func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				p.onAccounts(answersWith(http.StatusNotFound, "Bank details are not found for the user"))
				r := p.journey(direction)

				order := r.buyOrSell(direction, false)

				require.Equal(t, ramp.Completed, order.Status)
				require.NotContains(t, statuses(order), ramp.AwaitingAccount)
				require.NotContains(t, notes(order), "Attention: ")
			})
		})
	}
}

func TestRefusedLookForAnAccountIsNoFailedLink(t *testing.T) {
	t.Parallel()
	for _, direction := range bothDirections() {
		t.Run(string(direction), func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				p.onAccounts(func(request *http.Request, next send) (*http.Response, error) {
					if after(20 * time.Minute)() {
						return next(request)
					}
					return answersWith(http.StatusForbidden, "user is forbidden")(request, next)
				})
				r := p.journey(direction)
				r.at(10*time.Minute, func() {
					require.Equal(t, ramp.LinkingAccount, r.order().Status)
					require.NotEmpty(t, r.order().Attention)
				})

				order := r.buyOrSell(direction, false)

				require.Equal(t, ramp.Completed, order.Status)
				require.NotContains(t, statuses(order), ramp.AwaitingAccount)
				require.Empty(t, order.Attention)
			})
		})
	}
}

func TestAccountThatIsLinkedAlreadyIsLinkedWhateverRefusesIt(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusBadRequest, http.StatusForbidden, http.StatusConflict, http.StatusUnprocessableEntity} {
		for _, direction := range bothDirections() {
			t.Run(fmt.Sprint(status, " ", direction), func(t *testing.T) {
				t.Parallel()
				withProvider(t, func(p *provider) {
					p.onLinks(func(request *http.Request, next send) (*http.Response, error) {
						answer, err := next(request) // the provider links it, as another order's call or a lost one did
						if err != nil {
							return nil, err
						}
						_ = answer.Body.Close()
						return answersWith(status, "account exists")(request, next)
					})
					r := p.journey(direction)

					order := r.buyOrSell(direction, false)

					require.Equal(t, ramp.Completed, order.Status)
					require.NotContains(t, statuses(order), ramp.AwaitingAccount)
				})
			})
		}
	}
}

func TestLinkThatIsRefusedWhilePendingIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, direction := range bothDirections() {
		t.Run(string(direction), func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				p.onLinks(func(request *http.Request, next send) (*http.Response, error) {
					answer, err := next(request)
					if err != nil {
						return nil, err
					}
					_ = answer.Body.Close()
					return answersWith(http.StatusBadRequest, "verification in progress")(request, next)
				})
				r := p.journey(direction)

				order := r.buyOrSell(direction, true)

				require.Equal(t, ramp.Completed, order.Status)
				require.NotContains(t, statuses(order), ramp.AwaitingAccount)
			})
		})
	}
}

func TestRefusedPollsOfALinkAreNotItsEnd(t *testing.T) {
	t.Parallel()
	for name, until := range map[string]time.Duration{"one": 15 * time.Second, "for some time": 30 * time.Minute} {
		for _, direction := range bothDirections() {
			t.Run(name+" "+string(direction), func(t *testing.T) {
				t.Parallel()
				withProvider(t, func(p *provider) {
					refused := func(request *http.Request, next send) (*http.Response, error) {
						if after(until)() {
							return next(request)
						}
						return answersWith(http.StatusForbidden, "user is forbidden")(request, next)
					}
					lists := func(request *http.Request, next send) (*http.Response, error) {
						if !after(time.Second)() {
							return next(request)
						}
						return refused(request, next)
					}
					p.network.on(onmeta.RouteUPILinkStatus, refused)
					p.network.on(onmeta.RouteBankLinkStatus, refused)
					p.onAccounts(lists)
					r := p.journey(direction)

					order := r.buyOrSell(direction, true)

					require.Equal(t, ramp.Completed, order.Status)
					require.NotContains(t, statuses(order), ramp.AwaitingAccount)
					require.Equal(t, until > 10*time.Minute, strings.Contains(notes(order), "Attention: "))
				})
			})
		}
	}
}

// rewritten changes the text of the provider's answers.
func rewritten(pairs ...string) trouble {
	return func(request *http.Request, next send) (*http.Response, error) {
		answer, err := next(request)
		if err != nil {
			return nil, err
		}
		defer answer.Body.Close()
		whole, err := io.ReadAll(answer.Body)
		if err != nil {
			return nil, err
		}
		return httpAnswer(request, answer.StatusCode, strings.NewReplacer(pairs...).Replace(string(whole))), nil
	}
}

func TestPendingLinkWithoutAReferenceIsFoundAmongTheLinkedAccounts(t *testing.T) {
	t.Parallel()
	nameless := rewritten(`"referenceNumber"`, `"unheardOf"`, `"referenceId"`, `"unheardOf"`)
	for _, direction := range bothDirections() {
		t.Run(string(direction), func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				p.onLinks(nameless)
				p.onAccounts(nameless)
				r := p.journey(direction)

				order := r.buyOrSell(direction, true)

				require.Equal(t, ramp.Completed, order.Status)
				require.Contains(t, notes(order), "The provider checks the account.")
				require.NotContains(t, notes(order), "Attention: ")
				require.Empty(t, p.network.sent(onmeta.RouteUPILinkStatus))
				require.Empty(t, p.network.sent(onmeta.RouteBankLinkStatus))
				require.Equal(t, 1, r.commands.activities["WatchLink"])
			})
		})
	}
}

func TestPendingLinkWithoutAReferenceThatFailsIsAskedForAnew(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		nameless := rewritten(`"referenceNumber"`, `"unheardOf"`, `"referenceId"`, `"unheardOf"`)
		p.onLinks(nameless)
		p.onAccounts(nameless)
		r := p.journey(ramp.Onramp)
		r.at(30*time.Minute, func() { require.Equal(t, ramp.AwaitingAccount, r.order().Status) })
		r.update(time.Hour, ramp.SubmitAccount, ramp.AccountSubmission{UPI: &ramp.UPIAccount{ID: "asha@okicici", Name: "Asha Rao"}})
		request := onrampRequest()
		request.UTR, request.UPI.ID = utr, "ashapendingfailed@okbank"

		require.Equal(t, ramp.Completed, r.buy(request).Status)
	})
}

// The link that the order waits for never ends; the provider's list says that the account is linked all the same.
func TestAccountThatIsLinkedWhenItsTimeIsUpIsLinked(t *testing.T) {
	t.Parallel()
	for _, direction := range bothDirections() {
		t.Run(string(direction), func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				const stuck = `{"success":true,"data":{"upiStatus":"PENDING","bankStatus":"PENDING"}}`
				pending := func(request *http.Request, _ send) (*http.Response, error) {
					dropBody(request)
					return httpAnswer(request, http.StatusOK, stuck), nil
				}
				p.network.on(onmeta.RouteUPILinkStatus, pending)
				p.network.on(onmeta.RouteBankLinkStatus, pending)
				r := p.journey(direction)

				order := r.buyOrSell(direction, true)

				require.Equal(t, ramp.Completed, order.Status)
				require.WithinDuration(t, start.Add(time.Hour), order.Proof.AcceptedAt, 10*time.Minute)
			})
		})
	}
}

// The account could not be linked for want of a PAN; another order of the user links it meanwhile.
func TestAccountThatAnotherOrderHasLinkedIsFoundBeforeTheOrderGivesUp(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		linked  bool
		refused bool
		want    ramp.Status
	}{
		"linked":                     {true, false, ramp.Completed},
		"linked, first look refused": {true, true, ramp.Completed},
		"never linked":               {false, false, ramp.Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				const listed = `{"success":true,"data":[{"accountNumber":"XXXX4821","ifsc":"HDFC0001234","status":"SUCCESS","referenceNumber":"1"}]}`
				p.network.on(onmeta.RouteBankAccounts, func(request *http.Request, next send) (*http.Response, error) {
					switch {
					case !after(12*time.Hour)() || !tc.linked:
						return answersWith(http.StatusNotFound, "Bank details are not found for the user")(request, next)
					case tc.refused && !after(24*time.Hour+10*time.Minute)():
						return answersWith(http.StatusForbidden, "user is forbidden")(request, next)
					default:
						dropBody(request)
						return httpAnswer(request, http.StatusOK, listed), nil
					}
				})
				r := p.journey(ramp.Offramp)
				r.pace = time.Minute
				r.at(23*time.Hour, func() { require.Equal(t, ramp.AwaitingAccount, r.order().Status) })
				request := linkedSell("100.00")
				request.Bank.PAN, request.TransactionHash = "", hash

				order := r.sell(request)

				require.Equal(t, tc.want, order.Status)
			})
		})
	}
}

func TestFloodOfAccountsIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).LinkedAccounts).Return(activities.LinkResult{State: activities.NotLinked}, nil)
	w.on((*activities.Calls)(nil).LinkAccount).Return(activities.LinkResult{State: activities.LinkFailed}, nil)
	w.happy()
	var replies []*reply
	for n := range 500 {
		replies = append(replies, w.update(time.Duration(n+1)*time.Minute, ramp.SubmitAccount,
			ramp.AccountSubmission{UPI: &ramp.UPIAccount{ID: ramp.VPA(fmt.Sprintf("asha%d@okbank", n)), Name: "Asha Rao"}}))
	}

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Rejected, order.Status)
	w.AssertActivityNumberOfCalls(t, "LinkAccount", 51)
	requireType(t, replies[49].failed, ramp.AccountRefused)
	requireType(t, replies[499].rejected, ramp.NotAwaited)
	require.ErrorContains(t, replies[499].rejected, "50 other accounts were submitted")
}
