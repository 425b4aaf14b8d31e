package bench

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// good is a report that meets every target, but only just.
func good() Report {
	cost := func(polls int, v Variant, server float64, actions int) Cost {
		return Cost{Polls: polls, Variant: v, Events: 65, Actions: actions, ServerCPU: newSpread([]float64{server}), WorkerCPU: newSpread([]float64{1})}
	}
	return Report{
		Costs: []Cost{
			cost(1, Ours, 13, 10), cost(1, Floor, 10, 10),
			cost(20, Ours, 20, 20), cost(20, Naive, 60, 20), cost(20, RetryPolling, 30, 20),
			cost(900, Ours, 900, 200), cost(900, Naive, 18_000, 1600),
		},
		Rates: []Rate{{Variant: Ours, PerSec: newSpread([]float64{12})}, {Variant: Naive, PerSec: newSpread([]float64{10})}},
		Waiting: &Waiting{
			Watched: 2000, WorkerBytesPerWatch: 60 << 10,
			Steps:  []Step{{Waiting: 10_000, Proof: Latency{Count: 1, P99: 1000}}},
			Steady: Steady{Polls: 1, InTime: 0.99},
			Hints:  &Hints{With: Latency{P50: 1000, P99: 3000}, PollsWithout: 288, PollsWith: 72},
		},
		Crashes: &Crashes{
			Calls:   []Crash{{Call: "login", Seconds: 9}, {Call: "login", Done: true, Seconds: 15}, {Call: "creation by IMPS", Slow: true, Seconds: 65}},
			Watches: []CrashedWatches{{Taken: 200, NinetyNine: 45}},
		},
	}
}

func TestTargetsThatAreJustReachedAreMet(t *testing.T) {
	t.Parallel()
	require.Len(t, good().Targets(), 20)
	require.NoError(t, good().Missed())
	require.Empty(t, Report{}.Targets())
}

func TestEachTargetThatIsMissedIsNamed(t *testing.T) {
	t.Parallel()
	for says, spoil := range map[string]func(*Report){
		"history events with three changes of status, 20 polls is 66 and must be ≤ 65":                       func(r *Report) { r.Costs[2].Events = 66 },
		"history events with three changes of status, 900 polls is 66 and must be ≤ 65":                      func(r *Report) { r.Costs[5].Events = 66 },
		"history events that 880 further polls add is 1 and must be ≤ 0":                                     func(r *Report) { r.Costs[2].Events-- },
		"CPU of a further poll, server and worker is 1.02 ms and must be ≤ 1 ms":                             func(r *Report) { r.Costs[5].WorkerCPU.Median = 20 },
		"server CPU with 20 polls, naive ÷ ours is 2.5 and must be ≥ 3":                                      func(r *Report) { r.Costs[3].ServerCPU.Median = 50 },
		"server CPU with 900 polls, naive ÷ ours is 18.89 and must be ≥ 20":                                  func(r *Report) { r.Costs[6].ServerCPU.Median = 17_000 },
		"server CPU with 20 polls, retry polling ÷ ours is 1.45 and must be ≥ 1.5":                           func(r *Report) { r.Costs[4].ServerCPU.Median = 29 },
		"server CPU without polls, ours ÷ floor is 1.4 and must be ≤ 1.3":                                    func(r *Report) { r.Costs[0].ServerCPU.Median = 14 },
		"billed actions over three hours of polls, naive ÷ ours is 7.96 and must be ≥ 8":                     func(r *Report) { r.Costs[5].Actions = 201 },
		"orders a second with 2 polls, ours ÷ naive is 1.1 and must be ≥ 1.2":                                func(r *Report) { r.Rates[0].PerSec.Median = 11 },
		"worker memory of a watched order is 61 KiB and must be ≤ 60 KiB":                                    func(r *Report) { r.Waiting.WorkerBytesPerWatch = 61 << 10 },
		"polls 10 to 15 s after the one before, 2000 watched is 98 % and must be ≥ 99 %":                     func(r *Report) { r.Waiting.Steady.InTime = 0.98 },
		"proof to provider, p99, 10000 waiting is 1.1 s and must be ≤ 1 s":                                   func(r *Report) { r.Waiting.Steps[0].Proof.P99 = 1100 },
		"provider's ending to order ended, p50, with webhooks is 1.1 s and must be ≤ 1 s":                    func(r *Report) { r.Waiting.Hints.With.P50 = 1100 },
		"provider's ending to order ended, p99, with webhooks is 3.1 s and must be ≤ 3 s":                    func(r *Report) { r.Waiting.Hints.With.P99 = 3100 },
		"polls of a watched hour, without ÷ with webhooks is 3 and must be ≥ 4":                              func(r *Report) { r.Waiting.Hints.PollsWithout = 216 },
		"answers 429 of a provider with a rate limit is 1 and must be ≤ 0":                                   func(r *Report) { r.Waiting.Refused = 1 },
		"kill of a worker to instructions or the proof's answer, p99 of 2 is 16 s and must be ≤ 15 s":        func(r *Report) { r.Crashes.Calls[1].Seconds = 16 },
		"the same of 1 creations by bank transfer that the provider had not done is 66 s and must be ≤ 65 s": func(r *Report) { r.Crashes.Calls[2].Seconds = 66 },
		"kill of a worker to 99 % of its 200 watches is 46 s and must be ≤ 45 s":                             func(r *Report) { r.Crashes.Watches[0].NinetyNine = 46 },
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			report := good()
			spoil(&report)

			require.ErrorContains(t, report.Missed(), says)
		})
	}
}
