package activities_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/activities"
	"rampart/dossier/dossiertest"
	"rampart/onmeta"
	"rampart/ramp"
)

func byUPI(email ramp.Email, id ramp.VPA) activities.AccountRequest {
	return activities.AccountRequest{Email: email, UPI: &ramp.UPIAccount{ID: id, Name: "Asha Rao"}}
}

func byBank(email ramp.Email, number ramp.AccountNumber) activities.AccountRequest {
	bank := linkedBank()
	bank.AccountNumber = number
	return activities.AccountRequest{Email: email, Bank: bank}
}

func TestKYCStatusTellsVerifiedFromNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for email, verified := range map[ramp.Email]bool{newcomer: true, unverified: false, "asha+review@example.test": false} {
		status, err := run(w, w.calls.KYCStatus, activities.KYCStatusRequest{Email: email})
		require.NoError(t, err)
		require.Equal(t, verified, status.Verified, email)
	}
}

func TestAccountIsFoundAmongTheLinkedOnes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := byBank(linked, "50100000004821")
	other.Bank.IFSC = "ICIC0001234"
	lower := byBank(linked, "50100000004821")
	lower.Bank.IFSC = "hdfc0001234"
	for name, tc := range map[string]struct {
		request activities.AccountRequest
		want    activities.LinkState
	}{
		"UPI id":                  {byUPI(linked, "asha@okbank"), activities.Linked},
		"UPI id in capitals":      {byUPI(linked, "ASHA@OKBANK"), activities.Linked},
		"another UPI id":          {byUPI(linked, "asha@okaxis"), activities.NotLinked},
		"account":                 {byBank(linked, "50100000004821"), activities.Linked},
		"masked account":          {byBank(linked, "XXXX4821"), activities.Linked},
		"IFSC in lower case":      {lower, activities.Linked},
		"other last four digits":  {byBank(linked, "50100000004822"), activities.NotLinked},
		"same digits, other bank": {other, activities.NotLinked},
		"user without accounts":   {byBank(newcomer, "50100000004821"), activities.NotLinked},
		"user without UPI ids":    {byUPI(newcomer, "asha@okbank"), activities.NotLinked},
	} {
		found, err := run(w, w.calls.LinkedAccounts, tc.request)
		require.NoError(t, err, name)
		require.Equal(t, tc.want, found.State, name)
		require.Equal(t, tc.want == activities.Linked, found.LinkReference != "", name)
	}
}

func TestLinkInTheListCountsForWhatItCameTo(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		list string
		want activities.LinkResult
	}{
		"failed":                     {`FAILED:1`, activities.LinkResult{State: activities.NotLinked}},
		"pending":                    {`PENDING:1`, activities.LinkResult{State: activities.LinkPending, LinkReference: "1"}},
		"failed, then linked":        {`FAILED:1 SUCCESS:2`, activities.LinkResult{State: activities.Linked, LinkReference: "2"}},
		"linked, then failed":        {`SUCCESS:1 FAILED:2`, activities.LinkResult{State: activities.Linked, LinkReference: "1"}},
		"linked, then pending":       {`SUCCESS:1 PENDING:2`, activities.LinkResult{State: activities.Linked, LinkReference: "1"}},
		"pending, then linked":       {`PENDING:1 SUCCESS:2`, activities.LinkResult{State: activities.Linked, LinkReference: "2"}},
		"failed, then pending":       {`FAILED:1 PENDING:2`, activities.LinkResult{State: activities.LinkPending, LinkReference: "2"}},
		"a status that is not known": {`Validating:1`, activities.LinkResult{State: activities.LinkPending, LinkReference: "1"}},
		"capitalised":                {`Success:1`, activities.LinkResult{State: activities.Linked, LinkReference: "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.network.on(onmeta.RouteUPIIDs, answers(http.StatusOK, listing(tc.list, `"upiId":"asha@okbank"`)))
			w.network.on(onmeta.RouteBankAccounts,
				answers(http.StatusOK, listing(tc.list, `"accountNumber":"XXXX4821","ifsc":"HDFC0001234"`)))
			for _, request := range []activities.AccountRequest{byUPI(newcomer, "asha@okbank"), byBank(newcomer, "50100000004821")} {
				found, err := run(w, w.calls.LinkedAccounts, request)
				require.NoError(t, err)
				require.Equal(t, tc.want, found)
			}
		})
	}
}

// listing is the provider's list of one account, linked as "STATUS:reference STATUS:reference" tells.
func listing(links, account string) string {
	var items []string
	for _, link := range strings.Fields(links) {
		status, reference, _ := strings.Cut(link, ":")
		items = append(items, fmt.Sprintf(`{%s,"status":%q,"referenceNumber":%q}`, account, status, reference))
	}
	return `{"success":true,"data":[` + strings.Join(items, ",") + `]}`
}

func TestAccountIsLinked(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		request activities.AccountRequest
		want    activities.LinkState
	}{
		"UPI id":                     {byUPI(newcomer, "asha@okbank"), activities.Linked},
		"account":                    {byBank(newcomer, "50100000004821"), activities.Linked},
		"pending UPI id":             {byUPI(newcomer, "asha.pending@okbank"), activities.LinkPending},
		"pending account":            {byBank(newcomer, "50100000009001"), activities.LinkPending},
		"failed UPI id":              {byUPI(newcomer, "asha.failed@okbank"), activities.LinkFailed},
		"failed account":             {byBank(newcomer, "50100000009002"), activities.LinkFailed},
		"UPI id linked already":      {byUPI(linked, "asha@okbank"), activities.Linked},
		"account linked already":     {byBank(linked, "50100000004821"), activities.Linked},
		"account of another's name":  {byBank(newcomer, "50100000009004"), activities.LinkFailed},
		"failed before, tried again": {byUPI(newcomer, "asha.mismatch@okbank"), activities.LinkFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			link, err := run(w, w.calls.LinkAccount, tc.request)
			require.NoError(t, err)
			require.Equal(t, tc.want, link.State)
			again, err := run(w, w.calls.LinkedAccounts, tc.request)
			require.NoError(t, err)
			if tc.want == activities.LinkFailed {
				require.Equal(t, activities.NotLinked, again.State, "a failed link may be tried again")
			} else {
				require.Equal(t, tc.want, again.State)
			}
		})
	}
}

func TestLinkWhoseAnswerWasLostIsFoundLinked(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]activities.AccountRequest{
		"UPI id": byUPI(newcomer, "asha@okbank"), "account": byBank(newcomer, "50100000004821"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.network.once(onmeta.RouteLinkUPI, lost)
			w.network.once(onmeta.RouteLinkBank, lost)
			link, err := inWorkflow(w, activities.LinkAccount, request)
			require.NoError(t, err)
			require.Equal(t, activities.Linked, link.State)
		})
	}
}

func TestRefusalToLinkIsFinal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := run(w, w.calls.LinkAccount, byUPI(newcomer, "asha.unknown@okbank"))
	requireRefused(t, http.StatusBadRequest, "account not found for vpa", err)
	_, err = run(w, w.calls.LinkAccount, byUPI(unverified, "asha@okbank"))
	requireRefused(t, http.StatusBadRequest, "KYC not verified", err)
}

func TestBankAccountWithoutPANCannotBeLinked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request := byBank(newcomer, "50100000004821")
	request.Bank.PAN = ""
	link, err := run(w, w.calls.LinkAccount, request)
	require.NoError(t, err)
	require.Equal(t, activities.LinkFailed, link.State)
	require.Contains(t, link.Reason, "PAN")
	require.Empty(t, w.network.sent(onmeta.RouteLinkBank))
}

func TestListThatCannotBeFetchedIsRetried(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.network.on(onmeta.RouteUPIIDs, refuses(http.StatusInternalServerError, "internal server error"))
	w.network.on(onmeta.RouteBankAccounts, truncated)
	for _, request := range []activities.AccountRequest{byUPI(linked, "asha@okbank"), byBank(linked, "50100000004821")} {
		_, err := run(w, w.calls.LinkedAccounts, request)
		requireRetried(t, activities.ErrUnavailable, err)
	}
}

func TestWatchedLinkEndsAsTheProviderDecides(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		request activities.AccountRequest
		want    activities.LinkState
	}{
		"UPI id linked":  {byUPI(newcomer, "asha.pending@okbank"), activities.Linked},
		"UPI id failed":  {byUPI(newcomer, "asha.pendingfailed@okbank"), activities.LinkFailed},
		"account linked": {byBank(newcomer, "50100000009001"), activities.Linked},
		"account failed": {byBank(newcomer, "50100000009003"), activities.LinkFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			controlled(t, func(t *testing.T, w *world) {
				link, err := run(w, w.calls.LinkAccount, tc.request)
				require.NoError(t, err)
				require.Equal(t, activities.LinkPending, link.State)
				began := time.Now()
				end, err := run(w, w.watches.WatchLink, watchLink(tc.request, link.LinkReference))
				require.NoError(t, err)
				require.Equal(t, activities.Decided, end.End)
				require.Equal(t, tc.want, end.State)
				require.Equal(t, link.LinkReference, end.LinkReference)
				require.InDelta(t, 67*time.Second, time.Since(began), float64(8*time.Second))
			})
		})
	}
}

func watchLink(request activities.AccountRequest, reference string) activities.WatchLinkRequest {
	return activities.WatchLinkRequest{
		Email: request.Email, LinkReference: reference, UPI: request.UPI != nil, Wait: activities.Wait{WaitingSince: time.Now()},
	}
}

func TestWatchOfALinkGoesOnAfterARefusal(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]activities.AccountRequest{
		"UPI id": byUPI(newcomer, "asha.pending@okbank"), "account": byBank(newcomer, "50100000009001"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			controlled(t, func(t *testing.T, w *world) {
				link, err := run(w, w.calls.LinkAccount, request)
				require.NoError(t, err)
				w.network.once(onmeta.RouteUPILinkStatus, refuses(http.StatusNotFound, "data not found"))
				w.network.once(onmeta.RouteBankLinkStatus, refuses(http.StatusForbidden, "user is forbidden"))
				end, err := run(w, w.watches.WatchLink, watchLink(request, link.LinkReference))
				require.NoError(t, err)
				require.Equal(t, activities.Decided, end.End)
				require.Equal(t, activities.Linked, end.State)
			})
		})
	}
}

func TestWatchOfALinkThatIsRefusedForLongIsAnOutage(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		end, err := run(w, w.watches.WatchLink, watchLink(byUPI(newcomer, ""), "nothing"))
		require.NoError(t, err)
		require.Equal(t, activities.Outage, end.End)
		require.Contains(t, end.Problem, "data not found")
		require.Equal(t, activities.LinkPending, end.State)
	})
}

// watchOf is watchLink that knows the account too.
func watchOf(request activities.AccountRequest, reference string) activities.WatchLinkRequest {
	watch := watchLink(request, reference)
	watch.Account = &request
	return watch
}

func TestPendingLinkIsFoundInTheListWhereItsReferenceDoesNotTell(t *testing.T) {
	t.Parallel()
	const upi, bank = `"upiId":"asha@okbank"`, `"accountNumber":"XXXX4821","ifsc":"HDFC0001234"`
	for name, tc := range map[string]struct {
		reference string
		told      fault
		list      string
		want      activities.LinkState
		end       activities.End
	}{
		"no reference, linked":                  {"", nil, "SUCCESS:1", activities.Linked, activities.Decided},
		"no reference, failed":                  {"", nil, "FAILED:1", activities.LinkFailed, activities.Decided},
		"no reference, pending":                 {"", nil, "PENDING:1", activities.LinkPending, activities.TimeUp},
		"no reference, not listed":              {"", nil, "", activities.LinkPending, activities.TimeUp},
		"reference refused, linked":             {"9", refuses(http.StatusNotFound, "data not found"), "SUCCESS:9", activities.Linked, activities.Decided},
		"reference refused, failed":             {"9", refuses(http.StatusNotFound, "data not found"), "FAILED:9", activities.LinkFailed, activities.Decided},
		"reference refused, not listed in time": {"9", refuses(http.StatusNotFound, "data not found"), "FAILED:1", activities.LinkFailed, activities.Decided},
		"pending for ever, linked by another":   {"9", pendingLink, "PENDING:9 SUCCESS:10", activities.Linked, activities.Decided},
		"pending for ever":                      {"9", pendingLink, "PENDING:9", activities.LinkPending, activities.TimeUp},
	} {
		for kind, request := range map[string]activities.AccountRequest{
			"UPI id": byUPI(newcomer, "asha@okbank"), "account": byBank(newcomer, "50100000004821"),
		} {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				controlled(t, func(t *testing.T, w *world) {
					w.network.on(onmeta.RouteUPILinkStatus, tc.told)
					w.network.on(onmeta.RouteBankLinkStatus, tc.told)
					w.network.on(onmeta.RouteUPIIDs, answers(http.StatusOK, listing(tc.list, upi)))
					w.network.on(onmeta.RouteBankAccounts, answers(http.StatusOK, listing(tc.list, bank)))
					watch := watchOf(request, tc.reference)
					watch.WaitingSince = time.Now().Add(-59 * time.Minute)
					end, err := run(w, w.watches.WatchLink, watch)
					require.NoError(t, err)
					require.Equal(t, tc.end, end.End)
					require.Equal(t, tc.want, end.State)
				})
			})
		}
	}
}

func pendingLink(request *http.Request, next send) (*http.Response, error) {
	return answers(http.StatusOK, `{"success":true,"data":{"bankStatus":"PENDING","upiStatus":"PENDING","referenceId":"9"}}`)(request, next)
}

// A list that is refused, at the last look too, is asked again.
func TestLinkIsNotGivenUpWhileTheListIsRefused(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		w.network.on(onmeta.RouteUPILinkStatus, pendingLink)
		w.network.once(onmeta.RouteUPIIDs, refuses(http.StatusForbidden, "user is forbidden"))
		w.network.on(onmeta.RouteUPIIDs, answers(http.StatusOK, listing("SUCCESS:10", `"upiId":"asha@okbank"`)))
		watch := watchOf(byUPI(newcomer, "asha@okbank"), "9")
		watch.WaitingSince = time.Now().Add(-61 * time.Minute)
		end, err := run(w, w.watches.WatchLink, watch)
		require.NoError(t, err)
		require.Equal(t, activities.Decided, end.End)
		require.Equal(t, activities.LinkResult{State: activities.Linked, LinkReference: "10"}, end.LinkResult)
	})
}

func TestLinkedAccountsThatTheProviderHasNoneOfAreNone(t *testing.T) {
	t.Parallel()
	for name, none := range map[string]fault{
		"404":             refuses(http.StatusNotFound, "Bank details are not found for the user"),
		"404 in a 200":    answers(http.StatusOK, `{"success":false,"error":{"code":404,"message":"data not found"}}`),
		"an empty list":   answers(http.StatusOK, `{"success":true,"data":[]}`),
		"null":            answers(http.StatusOK, `{"success":true,"data":null}`),
		"no data, a word": answers(http.StatusOK, `{"success":true,"message":"success","data":[]}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.network.on(onmeta.RouteUPIIDs, none)
			w.network.on(onmeta.RouteBankAccounts, none)
			for _, request := range []activities.AccountRequest{byUPI(newcomer, "asha@okbank"), byBank(newcomer, "50100000004821")} {
				found, err := run(w, w.calls.LinkedAccounts, request)
				require.NoError(t, err)
				require.Equal(t, activities.LinkResult{State: activities.NotLinked}, found)
			}
		})
	}
}

func TestRefusedLookUpIsMadeAgain(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]fault{
		"400":                 refuses(http.StatusBadRequest, "Invalid request"),
		"403":                 refuses(http.StatusForbidden, "user is forbidden"),
		"a gateway's own 404": answers(http.StatusNotFound, "<html>404 Not Found</html>"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for _, route := range []onmeta.Route{onmeta.RouteUPIIDs, onmeta.RouteBankAccounts, onmeta.RouteKYCStatus} {
				w.network.on(route, refusal)
			}
			_, err := run(w, w.calls.LinkedAccounts, byUPI(newcomer, "asha@okbank"))
			requireRetried(t, activities.ErrUnavailable, err)
			_, err = run(w, w.calls.LinkedAccounts, byBank(newcomer, "50100000004821"))
			requireRetried(t, activities.ErrUnavailable, err)
			_, err = run(w, w.calls.KYCStatus, activities.KYCStatusRequest{Email: newcomer})
			requireRetried(t, activities.ErrUnavailable, err)
		})
	}
}

// The 404 is the login's: it says nothing of the user's accounts.
func TestLoginThatIsRefusedIsNoAnswerAboutAnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.network.on(onmeta.RouteLogin, refuses(http.StatusNotFound, "data not found"))
	upi, bank := byUPI(newcomer, "asha@okbank"), byBank(newcomer, "50100000004821")
	for name, attempt := range map[string]func() error{
		"look for the UPI id":  attempt(w, w.calls.LinkedAccounts, upi),
		"look for the account": attempt(w, w.calls.LinkedAccounts, bank),
		"link the UPI id":      attempt(w, w.calls.LinkAccount, upi),
		"link the account":     attempt(w, w.calls.LinkAccount, bank),
		"look at the KYC":      attempt(w, w.calls.KYCStatus, activities.KYCStatusRequest{Email: newcomer, Repeat: true}),
		"upload documents":     attempt(w, w.calls.UploadKYC, activities.UploadKYCRequest{Email: unverified, Dossier: ramp.Dossier(dossiertest.New(t).URL)}),
	} {
		err := attempt()
		require.Error(t, err, name)
		requireRetried(t, activities.ErrUnavailable, err)
	}
}

func TestRefusedLinkIsLookedUpBeforeItCountsAsRefused(t *testing.T) {
	t.Parallel()
	const upi, bank = `"upiId":"asha@okbank"`, `"accountNumber":"XXXX4821","ifsc":"HDFC0001234"`
	for name, tc := range map[string]struct {
		refused fault
		list    string
		want    activities.LinkResult
	}{
		"409, linked":            {refuses(http.StatusConflict, "account already exists"), "SUCCESS:1", activities.LinkResult{State: activities.Linked, LinkReference: "1"}},
		"400, linked":            {refuses(http.StatusBadRequest, "bad request"), "SUCCESS:1", activities.LinkResult{State: activities.Linked, LinkReference: "1"}},
		"400, pending":           {refuses(http.StatusBadRequest, "verification in progress"), "PENDING:1", activities.LinkResult{State: activities.LinkPending, LinkReference: "1"}},
		"406, listed by no list": {refuses(http.StatusNotAcceptable, "account already verified"), "", activities.LinkResult{State: activities.Linked}},
	} {
		for kind, request := range map[string]activities.AccountRequest{
			"UPI id": byUPI(newcomer, "asha@okbank"), "account": byBank(newcomer, "50100000004821"),
		} {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.network.on(onmeta.RouteLinkUPI, tc.refused)
				w.network.on(onmeta.RouteLinkBank, tc.refused)
				w.network.on(onmeta.RouteUPIIDs, answers(http.StatusOK, listing(tc.list, upi)))
				w.network.on(onmeta.RouteBankAccounts, answers(http.StatusOK, listing(tc.list, bank)))
				link, err := run(w, w.calls.LinkAccount, request)
				require.NoError(t, err)
				require.Equal(t, tc.want, link)
			})
		}
	}
}

func TestRefusedLinkStandsOnlyOnceTheLookHasSaidSo(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		look   fault
		stands bool
	}{
		"not linked":         {answers(http.StatusOK, `{"success":true,"data":[]}`), true},
		"none linked":        {refuses(http.StatusNotFound, "data not found"), true},
		"failed once before": {answers(http.StatusOK, listing("FAILED:1", `"upiId":"asha@okbank"`)), true},
		"look refused":       {refuses(http.StatusForbidden, "user is forbidden"), false},
		"look unavailable":   {refuses(http.StatusServiceUnavailable, "down"), false},
		"look lost":          {lost, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.network.on(onmeta.RouteLinkUPI, refuses(http.StatusBadRequest, "bad request"))
			w.network.on(onmeta.RouteUPIIDs, tc.look)
			_, err := run(w, w.calls.LinkAccount, byUPI(newcomer, "asha@okbank"))
			if tc.stands {
				requireRefused(t, http.StatusBadRequest, "bad request", err)
			} else {
				requireRetried(t, activities.ErrUnavailable, err)
			}
		})
	}
}

func TestWatchedLinkEndsWhenItsTimeIsUp(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		request := byBank(newcomer, "50100000009001")
		link, err := run(w, w.calls.LinkAccount, request)
		require.NoError(t, err)
		require.NoError(t, w.clock.SetSpeed(0))
		watch := watchLink(request, link.LinkReference)
		watch.WaitingSince = time.Now().Add(-59 * time.Minute)
		began := time.Now()
		end, err := run(w, w.watches.WatchLink, watch)
		require.NoError(t, err)
		require.Equal(t, activities.TimeUp, end.End)
		require.Equal(t, activities.LinkPending, end.State)
		require.InDelta(t, 67*time.Second, time.Since(began), float64(8*time.Second))
	})
}
