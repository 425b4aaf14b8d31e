package workflows_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/onmeta"
	"rampart/ramp"
)

const tooManyAttempts = "Too many failed attempts, please try after an hour!"

// verifies makes the provider say that the user is not verified, until they are, and take whatever documents come.
func (p *provider) verifies(verified func() bool) {
	p.network.on(onmeta.RouteUploadKYC, taken)
	p.network.on(onmeta.RouteKYCStatus, func(request *http.Request, next send) (*http.Response, error) {
		if verified() {
			return next(request)
		}
		dropBody(request)
		return httpAnswer(request, http.StatusOK, `{"success":true,"data":{"isKycVerified":"false"},"error":{}}`), nil
	})
}

// taken: the provider takes the documents.
func taken(request *http.Request, _ send) (*http.Response, error) {
	dropBody(request)
	return httpAnswer(request, http.StatusOK, `{"success":true,"error":{}}`), nil
}

// after is true once the order has run for so long.
func after(d time.Duration) func() bool { return func() bool { return time.Since(start) >= d } }

// uploaded is true some time after so many uploads.
func (p *provider) uploaded(times int, review time.Duration) func() bool {
	return func() bool {
		sent := p.network.sent(onmeta.RouteUploadKYC)
		return len(sent) >= times && time.Since(sent[times-1]) >= review
	}
}

// uploads are when documents were sent, counted from the order's beginning.
func (p *provider) uploads() []time.Duration {
	var all []time.Duration
	for _, at := range p.network.sent(onmeta.RouteUploadKYC) {
		all = append(all, at.Sub(start).Round(time.Minute))
	}
	return all
}

// patientJourney looks every minute, for users who take hours.
func (p *provider) patientJourney() *journey {
	r := p.journey(ramp.Onramp)
	r.pace = time.Minute
	return r
}

// pausedRefusal is how the activity says that the provider takes no documents for an hour.
func pausedRefusal() error {
	return temporal.NewNonRetryableApplicationError("refused", activities.ErrRefused, nil,
		activities.Refusal{HTTPStatus: http.StatusBadRequest, Reason: tooManyAttempts, RetryAfter: time.Hour})
}

// unverified is the request of a user whose accounts are linked, with documents or without.
func unverified(dossier string) ramp.OnrampRequest {
	request := linkedBuy("1000.00")
	request.UTR = utr
	if dossier != "" {
		request.KYC = &ramp.KYC{Dossier: ramp.Dossier(dossier)}
	}
	return request
}

func TestUserWhoIsVerifiedElsewhereNeedsNoDocuments(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		p.verifies(after(5 * time.Hour))
		r := p.patientJourney()
		r.at(4*time.Hour, func() { require.Equal(t, ramp.AwaitingKYC, r.order().Status) })
		late := r.update(6*time.Hour, ramp.SubmitKYC, ramp.KYCSubmission{Dossier: ramp.Dossier(p.dossier)})

		order := r.buy(unverified(""))

		require.Equal(t, ramp.Completed, order.Status)
		require.WithinDuration(t, start.Add(5*time.Hour), order.Proof.AcceptedAt, 5*time.Minute)
		require.Empty(t, p.uploads())
		require.Less(t, len(p.network.sent(onmeta.RouteKYCStatus)), 5*30+10, "one poll in two minutes")
		require.Equal(t, 1, r.commands.activities["WatchKYC"], "no event for a poll")
		require.False(t, late.done && late.failed == nil && late.rejected == nil)
	})
}

func TestDocumentsOfAUserWhoIsVerifiedByThenAreNotNeeded(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		p.verifies(p.uploaded(1, 0))
		p.network.on(onmeta.RouteUploadKYC, answersWith(http.StatusBadRequest, "KYC is already verified"))
		r := p.patientJourney()

		order := r.buy(unverified(p.dossier))

		require.Equal(t, ramp.Completed, order.Status)
		require.NotContains(t, statuses(order), ramp.AwaitingKYC)
		require.Len(t, p.uploads(), 1)
	})
}

// The watch was last answered before the user was verified, and the provider then refuses or fails for a while.
func TestOrderLooksOnceMoreBeforeItGivesAUserUp(t *testing.T) {
	t.Parallel()
	for name, meanwhile := range map[string]trouble{
		"at once":          unharmed,
		"after a refusal":  answersWith(http.StatusForbidden, "user is forbidden"),
		"after an outage":  answersWith(http.StatusServiceUnavailable, "down"),
		"after a lost key": answersWith(http.StatusUnauthorized, "unauthorized to access"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				p.network.on(onmeta.RouteKYCStatus, func(request *http.Request, next send) (*http.Response, error) {
					switch {
					case !after(24 * time.Hour)():
						dropBody(request)
						return httpAnswer(request, http.StatusOK, `{"success":true,"data":{"isKycVerified":"false"},"error":{}}`), nil
					case !after(24*time.Hour + 30*time.Minute)():
						return meanwhile(request, next)
					default:
						return next(request)
					}
				})
				r := p.patientJourney()

				order := r.buy(unverified(""))

				require.Equal(t, ramp.Completed, order.Status)
				require.Equal(t, name != "at once", strings.Contains(notes(order), "Attention: "))
				require.Empty(t, order.Attention)
			})
		})
	}
}

func TestUserWhomNothingVerifiesIsRejectedAfterADayAndALastLook(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		p.verifies(func() bool { return false })

		order := p.patientJourney().buy(unverified(""))

		require.Equal(t, ramp.Rejected, order.Status)
		require.WithinDuration(t, start.Add(24*time.Hour), order.UpdatedAt, time.Minute)
		looks := p.network.sent(onmeta.RouteKYCStatus)
		require.WithinDuration(t, order.UpdatedAt, looks[len(looks)-1], time.Minute)
	})
}

func TestDocumentsThatAReviewRefusesInSilenceAreReplacedAtOnce(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"signal", "update"} {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				p.verifies(p.uploaded(2, time.Hour))
				r := p.patientJourney()
				another := ramp.KYCSubmission{Dossier: ramp.Dossier(p.dossier)}
				answered := &reply{done: true}
				if by == "update" {
					answered = r.update(20*time.Hour, ramp.SubmitKYC, another)
				} else {
					r.at(20*time.Hour, func() { r.SignalWorkflow(ramp.SubmitKYC, another) })
				}
				r.at(20*time.Hour+10*time.Minute, func() {
					require.True(t, answered.done)
					require.Equal(t, ramp.VerifyingKYC, r.order().Status)
				})

				order := r.buy(unverified(p.dossier))

				require.NoError(t, answered.rejected)
				require.NoError(t, answered.failed)
				require.Equal(t, []time.Duration{0, 20 * time.Hour}, p.uploads())
				require.Equal(t, ramp.Completed, order.Status)
				require.WithinDuration(t, start.Add(21*time.Hour), order.Proof.AcceptedAt, 5*time.Minute)
				require.Contains(t, notes(order), "The user submitted other KYC documents; they are uploaded.")
			})
		})
	}
}

func TestTimeForAReviewCountsFromTheLatestDocuments(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		p.verifies(func() bool { return false })
		r := p.patientJourney()
		r.update(20*time.Hour, ramp.SubmitKYC, ramp.KYCSubmission{Dossier: ramp.Dossier(p.dossier)})

		order := r.buy(unverified(p.dossier))

		require.Equal(t, ramp.Rejected, order.Status)
		require.WithinDuration(t, start.Add(46*time.Hour), order.UpdatedAt, 5*time.Minute)
	})
}

func TestReviewGoesOnWhenOtherDocumentsAreRefused(t *testing.T) {
	t.Parallel()
	for name, refused := range map[string]struct {
		path string
		text string
	}{
		"by the provider": {"", "Invalid request"},
		"by us":           {"/nowhere", "there is no dossier at this URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				p.verifies(p.uploaded(1, 6*time.Hour))
				p.network.once(onmeta.RouteUploadKYC, taken, answersWith(http.StatusBadRequest, "Invalid request"))
				r := p.patientJourney()
				other := r.update(time.Hour, ramp.SubmitKYC, ramp.KYCSubmission{Dossier: ramp.Dossier(p.dossier + refused.path)})

				order := r.buy(unverified(p.dossier))

				requireType(t, other.failed, ramp.KYCRefused)
				require.ErrorContains(t, other.failed, refused.text)
				require.Equal(t, ramp.Completed, order.Status)
				require.NotContains(t, statuses(order), ramp.AwaitingKYC)
				require.Contains(t, notes(order), "The provider looks at the earlier ones.")
				require.WithinDuration(t, start.Add(6*time.Hour), order.Proof.AcceptedAt, 5*time.Minute)
			})
		})
	}
}

func TestTooManyFailedAttemptsPauseForAnHourThatIsShown(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		p.verifies(p.uploaded(2, 0))
		p.network.once(onmeta.RouteUploadKYC, answersWith(http.StatusBadRequest, tooManyAttempts))
		r := p.patientJourney()
		r.at(10*time.Minute, func() {
			require.Equal(t, ramp.VerifyingKYC, r.order().Status)
			require.Contains(t, notes(r.order()), tooManyAttempts)
			require.Contains(t, notes(r.order()), "They are uploaded again at 23 Nov 2026, 12:30:")
		})

		order := r.buy(unverified(p.dossier))

		require.Equal(t, ramp.Completed, order.Status)
		require.NotContains(t, statuses(order), ramp.AwaitingKYC)
		require.Equal(t, []time.Duration{0, time.Hour}, p.uploads())
		require.NotContains(t, notes(order), "Attention: ")
	})
}

func TestDocumentsThatComeInThePauseAreUploadedAfterItInPlaceOfTheOthers(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		p.verifies(p.uploaded(2, 0))
		p.network.once(onmeta.RouteUploadKYC, answersWith(http.StatusBadRequest, tooManyAttempts))
		r := p.patientJourney()
		first := r.update(time.Minute, ramp.SubmitKYC, ramp.KYCSubmission{Dossier: ramp.Dossier(p.dossier)})
		overtaken := r.update(20*time.Minute, ramp.SubmitKYC, ramp.KYCSubmission{Dossier: ramp.Dossier(p.dossier + "/nowhere")})
		second := r.update(30*time.Minute, ramp.SubmitKYC, ramp.KYCSubmission{Dossier: ramp.Dossier(p.dossier)})
		r.at(50*time.Minute, func() { require.Len(t, p.uploads(), 1) })

		order := r.buy(unverified(""))

		requireType(t, first.failed, ramp.KYCRefused)
		require.ErrorContains(t, first.failed, "They are uploaded again at 23 Nov 2026, 12:31:")
		requireType(t, overtaken.failed, ramp.NotAwaited)
		require.NoError(t, second.failed)
		require.Equal(t, []time.Duration{time.Minute, 61 * time.Minute}, p.uploads())
		require.Equal(t, ramp.Completed, order.Status)
	})
}

func TestUserWhoIsVerifiedInThePauseGoesOn(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		p.verifies(after(30 * time.Minute))
		p.network.on(onmeta.RouteUploadKYC, answersWith(http.StatusBadRequest, tooManyAttempts))

		order := p.patientJourney().buy(unverified(p.dossier))

		require.Equal(t, ramp.Completed, order.Status)
		require.WithinDuration(t, start.Add(30*time.Minute), order.Proof.AcceptedAt, 5*time.Minute)
		require.Len(t, p.uploads(), 1)
	})
}

func TestProviderThatTakesNoMoreAttemptsIsNotAskedForEver(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		p.verifies(func() bool { return false })
		p.network.on(onmeta.RouteUploadKYC, answersWith(http.StatusBadRequest, tooManyAttempts))
		r := p.patientJourney()

		order := r.buy(unverified(p.dossier))

		require.Equal(t, ramp.Rejected, order.Status)
		require.Contains(t, statuses(order), ramp.AwaitingKYC)
		require.WithinDuration(t, start.Add(48*time.Hour), order.UpdatedAt, 10*time.Minute)
		require.Len(t, p.uploads(), 25, "one an hour for a day")
		require.Less(t, r.commands.all, 300)
	})
}

func TestDocumentsTooLargeForAGatewayAreRequestedAgain(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		p.network.once(onmeta.RouteUploadKYC, func(request *http.Request, _ send) (*http.Response, error) {
			dropBody(request)
			return httpAnswer(request, http.StatusRequestEntityTooLarge, "<html>413 Request Entity Too Large</html>"), nil
		})
		r := p.patientJourney()
		r.at(time.Hour, func() {
			require.Equal(t, ramp.AwaitingKYC, r.order().Status)
			require.Contains(t, notes(r.order()), "too large for the provider")
			require.Len(t, p.uploads(), 1)
		})
		smaller := r.update(2*time.Hour, ramp.SubmitKYC, ramp.KYCSubmission{Dossier: ramp.Dossier(p.dossier)})

		order := r.buy(unverifiedBuy("nokyc", p.dossier))

		require.NoError(t, smaller.failed)
		require.Equal(t, ramp.Completed, order.Status)
		require.Equal(t, []time.Duration{0, 2 * time.Hour}, p.uploads())
		require.NotContains(t, notes(order), "Attention: ")
	})
}

func TestEveryFaultOfADossierIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		index := filepath.Join(strings.TrimPrefix(p.dossier, "file://"), "dossier.json")
		good, err := os.ReadFile(index)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(index, spoilt(t, good), 0o600))
		r := p.patientJourney()
		r.at(time.Hour, func() {
			require.Equal(t, ramp.AwaitingKYC, r.order().Status)
			for _, fault := range []string{"pan must be", "aadhaar has a wrong check digit", "has no profession"} {
				require.Contains(t, notes(r.order()), fault)
			}
			require.NoError(t, os.WriteFile(index, good, 0o600))
		})
		mended := r.update(2*time.Hour, ramp.SubmitKYC, ramp.KYCSubmission{Dossier: ramp.Dossier(p.dossier)})

		order := r.buy(unverifiedBuy("nokyc", p.dossier))

		require.NoError(t, mended.failed)
		require.Equal(t, ramp.Completed, order.Status)
		require.Len(t, p.uploads(), 1)
		require.NotContains(t, notes(order), "482913570246")
	})
}

// spoilt is an index with a mistyped Aadhaar number and PAN, and without a profession.
func spoilt(t *testing.T, index []byte) []byte {
	t.Helper()
	var fields map[string]string
	require.NoError(t, json.Unmarshal(index, &fields))
	fields["aadhaar"], fields["pan"] = "482913570246", "abcpe1234f"
	delete(fields, "profession")
	encoded, err := json.Marshal(fields)
	require.NoError(t, err)
	return encoded
}

func TestRefusedPollsOfAReviewAreNotItsEnd(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		until     time.Duration
		attention bool
	}{
		"one":           {32 * time.Minute, false},
		"for some time": {2 * time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				p.network.on(onmeta.RouteKYCStatus, func(request *http.Request, next send) (*http.Response, error) {
					if after(30*time.Minute)() && !after(tc.until)() {
						return answersWith(http.StatusForbidden, "user is forbidden")(request, next)
					}
					return next(request)
				})
				r := p.patientJourney()

				order := r.buy(unverifiedBuy("review", p.dossier))

				require.Equal(t, ramp.Completed, order.Status)
				require.Equal(t, tc.attention, strings.Contains(notes(order), "Attention: "))
				require.Empty(t, order.Attention)
			})
		})
	}
}

func TestCancellationEndsTheWaitForAUserToBeVerified(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		dossier bool
		upload  trouble
	}{
		"documents awaited": {false, nil},
		"review":            {true, taken},
		"pause":             {true, answersWith(http.StatusBadRequest, tooManyAttempts)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				p.verifies(func() bool { return false })
				p.network.on(onmeta.RouteUploadKYC, tc.upload)
				r := p.patientJourney()
				r.at(31*time.Minute, r.CancelWorkflow)
				request := unverified("")
				if tc.dossier {
					request = unverified(p.dossier)
				}

				order := r.buy(request)

				require.Equal(t, ramp.Cancelled, order.Status)
				require.Equal(t, start.Add(31*time.Minute), order.UpdatedAt)
			})
		})
	}
}

// An outage that the watch has found is no concern any more once something else has come.
func TestOutageOfAWatchThatIsGivenUpIsNoConcern(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		down := true
		p.network.on(onmeta.RouteKYCStatus, func(request *http.Request, next send) (*http.Response, error) {
			if down && after(time.Minute)() {
				return answersWith(http.StatusServiceUnavailable, "down")(request, next)
			}
			return next(request)
		})
		r := p.patientJourney()
		r.at(59*time.Minute, func() {
			require.NotEmpty(t, r.order().Attention)
			down = false
		})
		r.update(time.Hour, ramp.SubmitKYC, ramp.KYCSubmission{Dossier: ramp.Dossier(p.dossier)})
		r.at(61*time.Minute, func() { require.Empty(t, r.order().Attention) })

		order := r.buy(unverifiedBuy("nokyc", ""))

		require.Equal(t, ramp.Completed, order.Status)
	})
}

func TestCurrentDetailsShowAPauseOfUploadsAndTheCommandForOtherDocuments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).KYCStatus).Return(activities.KYCStatusResult{}, nil)
	w.on((*activities.Calls)(nil).UploadKYC).Return(activities.UploadKYCResult{}, pausedRefusal()).Once()
	w.on((*activities.Calls)(nil).UploadKYC).Return(activities.UploadKYCResult{}, nil)
	w.watchKYC(false).After(time.Hour).Return(activities.WatchKYCResult{WatchEnd: activities.WatchEnd{End: activities.Decided}}, nil)
	w.happy(completed)
	w.at(time.Minute, func() {
		require.Contains(t, w.card(), "## The provider accepts no KYC documents for now")
		require.Contains(t, w.card(), "until 23 Nov 2026, 12:30:00 IST")
		require.Contains(t, w.card(), "`starter submit-kyc onramp/inv-42 DOSSIER-URL`")
	})
	w.at(90*time.Minute, func() {
		require.Contains(t, w.card(), "## The provider reviews the user's KYC documents")
		require.Contains(t, w.card(), "`starter submit-kyc onramp/inv-42 DOSSIER-URL`")
	})
	request := unverified("file:///var/lib/rampart/kyc/asha")

	require.Equal(t, ramp.Completed, w.buy(request).Status)
}

// Orders that began before keep to what their histories hold: one dossier at a time, and no look besides.
func TestOrderThatBeganBeforeTheChangeIdentifiesItsUserAsItBegan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.OnGetVersion("identify-user", workflow.DefaultVersion, workflow.Version(1)).Return(workflow.DefaultVersion)
	w.on((*activities.Calls)(nil).KYCStatus).Return(activities.KYCStatusResult{}, nil).Once()
	w.on((*activities.Calls)(nil).UploadKYC).Return(activities.UploadKYCResult{}, refusal("Invalid request")).Once()
	w.on((*activities.Calls)(nil).UploadKYC).Return(activities.UploadKYCResult{}, nil).Once()
	w.watchKYC(false).After(6*time.Hour).Return(activities.WatchKYCResult{WatchEnd: activities.WatchEnd{End: activities.Decided}}, nil).Once()
	w.happy(completed)
	dossier := ramp.KYCSubmission{Dossier: "file:///var/lib/rampart/kyc/asha"}
	refused := w.update(time.Hour, ramp.SubmitKYC, dossier)
	accepted := w.update(2*time.Hour, ramp.SubmitKYC, dossier)
	late := w.update(3*time.Hour, ramp.SubmitKYC, dossier)

	order := w.buy(unverified(""))

	requireType(t, refused.failed, ramp.KYCRefused)
	require.NoError(t, accepted.failed)
	requireType(t, late.rejected, ramp.NotAwaited)
	require.Equal(t, ramp.Completed, order.Status)
}

func TestFloodOfDocumentsIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).KYCStatus).Return(activities.KYCStatusResult{}, nil)
	w.on((*activities.Calls)(nil).UploadKYC).Return(activities.UploadKYCResult{}, refusal("Invalid request"))
	w.happy()
	var replies []*reply
	for n := range 500 {
		replies = append(replies, w.update(time.Duration(n+1)*time.Minute, ramp.SubmitKYC, ramp.KYCSubmission{Dossier: "file:///var/lib/rampart/kyc/asha"}))
	}

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Rejected, order.Status)
	w.AssertActivityNumberOfCalls(t, "UploadKYC", 50)
	requireType(t, replies[49].failed, ramp.KYCRefused)
	requireType(t, replies[499].rejected, ramp.NotAwaited)
	require.ErrorContains(t, replies[499].rejected, "50 KYC dossiers were submitted")
	require.Less(t, len(order.Timeline), 200)
}
