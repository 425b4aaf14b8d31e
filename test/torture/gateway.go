package torture

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rampart/gateway/webhook"
	"rampart/internal/process"
)

// webhookFaults are the shares of the provider's webhooks that do not arrive as they should; the others arrive on time.
const webhookFaults = "lost=20%,late=10%,twice=10%,reorder=10%,forged=5%,unsigned=5%,wrapped=5%"

// gateway receives the provider's webhooks for a stack, as hints to its orders.
type gateway struct {
	name string
	// listen, provider and metrics are its addresses: for backends, for the provider and for what it counts.
	listen, provider, metrics string
}

// gateways are those of a stack, behind a load balancer.
type gateways struct {
	all      []*gateway
	balancer *http.Server
	url      string
	next     atomic.Uint64

	mu sync.Mutex
	// results counts the webhooks by what became of them, in the words of the gateway's metrics.
	results map[string]int
}

// newGateways chooses the addresses of gateways, and starts their load balancer.
func newGateways(number int) (*gateways, error) {
	g := &gateways{results: map[string]int{}}
	for i := range number {
		one := &gateway{name: fmt.Sprintf("gateway-%d", i)}
		for _, address := range []*string{&one.listen, &one.provider, &one.metrics} {
			port, err := process.FreePort()
			if err != nil {
				return nil, err
			}
			*address = net.JoinHostPort("127.0.0.1", port)
		}
		g.all = append(g.all, one)
	}
	return g, g.startBalancer()
}

// startBalancer starts what gives each webhook to the next gateway that takes a connection, and answers 502 if none does. It repeats nothing
// that it has sent.
func (g *gateways) startBalancer() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	target := &url.URL{Scheme: "http", Host: "gateways"}
	g.url = "http://" + listener.Addr().String()
	g.balancer = &http.Server{ReadHeaderTimeout: time.Minute, Handler: &httputil.ReverseProxy{
		Rewrite:   func(request *httputil.ProxyRequest) { request.SetURL(target) },
		Transport: &http.Transport{DialContext: g.dial, DisableKeepAlives: true},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			w.WriteHeader(http.StatusBadGateway)
		},
	}}
	go func() { _ = g.balancer.Serve(listener) }() // until it is closed
	return nil
}

func (g *gateways) close() { _ = g.balancer.Close() }

// dial connects to the next gateway that takes a connection.
func (g *gateways) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	first := g.next.Add(1)
	var failures error
	for i := range uint64(len(g.all)) {
		one := g.all[(first+i)%uint64(len(g.all))]
		connection, err := new(net.Dialer).DialContext(ctx, network, one.provider)
		if err == nil {
			return connection, nil
		}
		failures = errors.Join(failures, err)
	}
	return nil, failures
}

// sandboxArguments make the sandbox send webhooks.
func (g *gateways) sandboxArguments() []string {
	return []string{"--webhooks", g.url + webhook.OrdersPath, "--webhook-faults", webhookFaults}
}

// startGateway starts a gateway, again after a kill.
func (s *stack) startGateway(ctx context.Context, i int) error {
	g := s.gateways.all[i]
	_, _, err := s.Start(ctx, process.Program{
		Name: g.name, Path: s.Program("gateway"),
		Environment: append(os.Environ(), s.WorkerEnvironment("RAMP_GATEWAY_LISTEN="+g.listen,
			"RAMP_GATEWAY_PROVIDER_LISTEN="+g.provider, "RAMP_HTTP_ADDRESS="+g.metrics)...),
	}, "gateway started")
	return err
}

// killGateway kills a gateway, and notes before what became of the webhooks that it has answered.
func (s *stack) killGateway(ctx context.Context, i int) {
	_ = s.gateways.note(ctx, s.gateways.all[i]) // if it does not run, it has answered none
	s.Processes.Find(s.gateways.all[i].name).Kill()
}

// note adds what a gateway has counted since its start.
func (g *gateways) note(ctx context.Context, one *gateway) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+one.metrics+"/metrics", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	g.mu.Lock()
	defer g.mu.Unlock()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if result, n := resultOf(lines.Text()); n > 0 {
			g.results[result] += n
		}
	}
	return lines.Err()
}

// resultOf returns what a line of a gateway's metrics tells of the webhooks of orders: a result, and how many had it.
func resultOf(line string) (string, int) {
	labels, value, _ := strings.Cut(strings.TrimPrefix(line, "ramp_webhooks_total{"), "} ")
	_, result, ofOrders := strings.Cut(labels, `kind="orders"`)
	_, result, _ = strings.Cut(result, `result="`)
	result, _, labelled := strings.Cut(result, `"`)
	n, err := strconv.ParseFloat(value, 64)
	if !strings.HasPrefix(line, "ramp_webhooks_total{") || !ofOrders || !labelled || err != nil {
		return "", 0
	}
	return result, int(n)
}

// Hints counts what became of the provider's webhooks.
type Hints struct {
	// Answers counts them by the status of the answer.
	Answers map[string]int `json:"answers"`
	// Results counts those that were answered with 200, by what became of them.
	Results map[string]int `json:"results"`
	// Unanswered are those that no gateway answered, GivenUp those that a gateway gave up, and Killed those that it may have had in memory
	// when it was killed. Their orders poll.
	Unanswered int `json:"unanswered"`
	GivenUp    int `json:"givenUp"`
	Killed     int `json:"killed"`
}

// newHints reckons how many hints were lost.
func newHints(answers, results map[string]int) Hints {
	hints := Hints{
		Answers: answers, Results: results,
		GivenUp: results["failed"] + results["dropped"], Killed: answers["200"] - results["failed"] - results["dropped"],
	}
	for status, n := range answers {
		if status != "200" && status != "401" {
			hints.Unanswered += n
		}
	}
	for _, done := range []string{"hinted", "repeated", "ended", "unknown", "malformed"} {
		hints.Killed -= results[done]
	}
	return hints
}

// hints returns what became of the provider's webhooks.
func (s *stack) hints(ctx context.Context) (Hints, error) {
	var sent struct {
		Answers map[string]int `json:"answers"`
	}
	if err := s.ReadSandbox(ctx, "/sandbox/webhooks", &sent); err != nil {
		return Hints{}, err
	}
	for _, one := range s.gateways.all {
		if err := s.gateways.note(ctx, one); err != nil {
			return Hints{}, err
		}
	}
	return newHints(sent.Answers, s.gateways.results), nil
}
