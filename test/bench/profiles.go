package bench

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// Hot is a place in a program with its share of the samples of a profile.
type Hot struct {
	Where string  `json:"where"`
	Share float64 `json:"share"`
}

// hotPlaces is how many places a line names, and leastShare the share below which one is left out.
const (
	hotPlaces  = 6
	leastShare = 0.01
)

// profile takes a CPU profile of a program that serves it at an address, writes it to a file, and returns where its samples are, the hottest
// places first. place names the place of a stack of functions, the innermost first.
func profile(ctx context.Context, address string, lasts time.Duration, path string, place func(stack []string) string) ([]Hot, error) {
	url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", address, int(lasts.Seconds()))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %s (%w)", url, response.Status, err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return nil, err
	}
	traces, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-traces", path).Output()
	if err != nil {
		return nil, fmt.Errorf("go tool pprof -traces %s: %w", path, err)
	}
	return summarizeTraces(string(traces), place), nil
}

// summarizeTraces adds up the samples of pprof's traces by place.
func summarizeTraces(text string, place func(stack []string) string) []Hot {
	sums, total := map[string]time.Duration{}, time.Duration(0)
	var value time.Duration
	var stack []string
	end := func() {
		if value > 0 {
			sums[place(stack)] += value
			total += value
		}
		value, stack = 0, nil
	}
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Buffer(nil, 1<<20)
	inside := false
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		switch {
		case strings.HasPrefix(lines.Text(), "-----------+"):
			end()
			inside = true
		case !inside || len(fields) == 0:
		case len(stack) == 0 && len(fields) >= 2: // the first line of a sample begins with its value
			value, _ = time.ParseDuration(fields[0]) // a label has none
			if value > 0 {
				stack = append(stack, fields[1])
			}
		case len(stack) > 0:
			stack = append(stack, fields[0])
		}
	}
	end()
	var all []Hot
	for where, sum := range sums {
		if share := math.Round(1000*sum.Seconds()/total.Seconds()) / 1000; share >= leastShare {
			all = append(all, Hot{where, share})
		}
	}
	slices.SortFunc(all, func(a, b Hot) int { return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.Where, b.Where)) })
	return all
}

const (
	garbageCollector = "garbage collector"
	restOfRuntime    = "scheduler and rest of the runtime"
)

// collects reports whether a stack is of the garbage collector.
func collects(stack []string) bool {
	return slices.ContainsFunc(stack, func(f string) bool { return strings.HasPrefix(f, "runtime.gc") || strings.HasPrefix(f, "runtime.bg") })
}

// place names the garbage collector, or the innermost package that is not of Go's runtime or a library, or the runtime.
func place(stack []string) string {
	if collects(stack) {
		return garbageCollector
	}
	for _, prefix := range []string{"go.temporal.io/server/", "rampart/", "go.temporal.io/sdk/", "google.golang.org/grpc", "net/http"} {
		for _, f := range stack {
			if strings.HasPrefix(f, prefix) {
				return packageOf(f)
			}
		}
	}
	for _, f := range stack {
		if !ofRuntime(f) {
			return packageOf(f)
		}
	}
	return restOfRuntime
}

// handler matches the handler of a call in Temporal's server.
var handler = regexp.MustCompile(`\._(Workflow|History|Matching)Service_(\w+)_Handler$`)

// services are what those who run Temporal call its services.
var services = map[string]string{"Workflow": "frontend", "History": "history", "Matching": "matching"}

// errand names what Temporal's server does in a stack: the call that it serves, or the queue whose task it runs, or what is left.
func errand(stack []string) string {
	if collects(stack) {
		return garbageCollector
	}
	for _, f := range slices.Backward(stack) {
		if call := handler.FindStringSubmatch(f); call != nil {
			return services[call[1]] + ": " + call[2]
		}
		for _, queue := range []string{"transfer", "visibility", "timer"} {
			if strings.Contains(f, queue+"QueueActiveTaskExecutor") || strings.Contains(f, queue+"QueueTaskExecutor") {
				return "tasks of the " + queue + " queue"
			}
		}
	}
	return place(stack)
}

// ofRuntime reports whether a function belongs to Go's runtime, or to what lies between it and the packages that use it.
func ofRuntime(function string) bool {
	return slices.ContainsFunc([]string{"runtime.", "runtime/", "internal/", "sync.", "sync/", "syscall.", "os."}, func(prefix string) bool {
		return strings.HasPrefix(function, prefix)
	})
}

// packageOf returns the package of a function, without the module of Temporal's server.
func packageOf(function string) string {
	path, name := "", function
	if i := strings.LastIndex(function, "/"); i >= 0 {
		path, name = function[:i+1], function[i+1:]
	}
	name, _, _ = strings.Cut(name, ".")
	return strings.TrimPrefix(path+name, "go.temporal.io/server/")
}

// hottest writes the hottest places of a profile in a line.
func hottest(places []Hot) string {
	if len(places) == 0 {
		return "no samples"
	}
	var parts []string
	for _, p := range places[:min(len(places), hotPlaces)] {
		parts = append(parts, fmt.Sprintf("`%s` %.0f %%", p.Where, 100*p.Share))
	}
	return strings.Join(parts, ", ")
}

// OrdersProfile is where the processor time of orders goes under full load.
type OrdersProfile struct {
	Seconds float64 `json:"seconds"`
	// Server is by what the server does, and Worker by package.
	Server []Hot `json:"server"`
	Worker []Hot `json:"worker"`
}

// profiledLoad is how long the profiles of orders are taken.
const profiledLoad = 20 * time.Second

// profileOrders profiles server and worker while orders run under full load.
func (c *costs) profileOrders(ctx context.Context, t throughput, lasts time.Duration) (*OrdersProfile, error) {
	c.stack.provider.setSchedule(completeAfter(t.polls))
	found := &OrdersProfile{Seconds: lasts.Seconds()}
	var all errgroup.Group
	all.Go(func() (err error) {
		found.Server, err = profile(ctx, c.stack.profiles, lasts, filepath.Join(c.stack.Dir, "server-orders.pprof"), errand)
		return err
	})
	all.Go(func() (err error) {
		found.Worker, err = profile(ctx, c.stack.worker.profiles, lasts, filepath.Join(c.stack.Dir, "worker-orders.pprof"), place)
		return err
	})
	all.Go(func() error {
		_, err := c.saturate(ctx, t, Ours)
		return err
	})
	return found, all.Wait()
}

// write writes where the processor time of orders goes as Markdown.
func (p *OrdersProfile) write(b *strings.Builder) {
	if p == nil {
		return
	}
	for _, program := range []struct {
		name   string
		places []Hot
	}{{"the server does", p.Server}, {"the worker runs", p.Worker}} {
		fmt.Fprintf(b, "| what %s under full load, in %.0f s | share of its processor time |\n| --- | ---: |\n", program.name, p.Seconds)
		for _, hot := range program.places {
			fmt.Fprintf(b, "| %s | %.0f %% |\n", hot.Where, 100*hot.Share)
		}
		b.WriteString("\n")
	}
}
