// Command sandbox serves the simulated provider on a loopback port until it receives SIGINT or SIGTERM.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"rampart/internal/loopback"
	"rampart/internal/release"
	"rampart/sandbox"
	"rampart/sandbox/fault"
)

const (
	// stopTime is how long calls in flight may take after the stop signal.
	stopTime = 5 * time.Second
	// headerTime bounds how long a client may take to send the head of a request.
	headerTime = 10 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newCommand(os.Getenv).ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		stop()
		os.Exit(1)
	}
}

// settings are the flags.
type settings struct {
	listen      string
	allowRemote bool
	speed       float64
	seed        int64
	apiKey      string
	apiSecret   string
	kycSecret   string
	faults      string
	courses     string
	rateLimit   float64
	staging     bool
	webhooks    sandbox.Webhooks
	twists      string
	magic       bool
	faultKinds  bool
	verbose     bool
}

func newCommand(getenv func(string) string) *cobra.Command {
	var set settings
	command := &cobra.Command{
		Use:     "sandbox",
		Version: release.Read().String(),
		Short:   "Play the Onmeta API over HTTP, without credentials or money",
		Long: "Play the Onmeta API over HTTP, without credentials or money.\n\n" +
			"The first line on standard output is the address to call. Magic values in requests choose outcomes:\n" +
			"sandbox --magic lists them. The control plane under /sandbox/ moves the clock, shows the ledger, and\n" +
			"scripts faults: sandbox --fault-kinds lists their kinds.",
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if set.magic {
				return sandbox.WriteMagicTable(cmd.OutOrStdout())
			}
			if set.faultKinds {
				return fault.WriteTable(cmd.OutOrStdout())
			}
			return run(cmd.Context(), set.withEnvironment(getenv), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := command.Flags()
	flags.StringVar(&set.listen, "listen", "127.0.0.1:8480", "address to listen on; port 0 takes a free one")
	flags.BoolVar(&set.allowRemote, "allow-remote", false,
		"allow an address that other machines can reach; the control plane has no login")
	flags.Float64Var(&set.speed, "speed", 1,
		"how many times as fast as real time the sandbox's clock runs; 0 stands still")
	flags.Int64Var(&set.seed, "seed", 1, "decides ids, prices, courses and faults")
	flags.StringVar(&set.faults, "faults", "",
		"share of all calls that get a fault, as 20% or 0.2 (default $SANDBOX_FAULTS, or none)")
	flags.StringVar(&set.courses, "courses", "",
		"shares of orders that take another course, as refunded=5%,slow=1% (default $SANDBOX_COURSES, or none)")
	flags.Float64Var(&set.rateLimit, "rate-limit", 0, "requests a second to answer, the others get a 429; 0 is no limit")
	flags.BoolVar(&set.staging, "staging", false, "play the provider's staging host: 0.01 WMATIC whatever is ordered")
	flags.StringVar(&set.webhooks.Orders, "webhooks", "",
		"URL to send the webhooks of orders to (default $SANDBOX_WEBHOOKS, or none)")
	flags.StringVar(&set.webhooks.KYC, "kyc-webhooks", "",
		"URL to send the webhooks of users' KYC to (default $SANDBOX_KYC_WEBHOOKS, or none)")
	flags.StringVar(&set.twists, "webhook-faults", "",
		"shares of webhooks that get a fault, as lost=5%,late=10%,twice=5% (default $SANDBOX_WEBHOOK_FAULTS, or none)")
	flags.StringVar(&set.apiKey, "api-key", "",
		"API key to accept (default $ONMETA_API_KEY, or "+sandbox.DefaultAPIKey+")")
	flags.StringVar(&set.apiSecret, "api-secret", "",
		"API secret (default $ONMETA_API_SECRET, or "+sandbox.DefaultAPISecret+")")
	flags.StringVar(&set.kycSecret, "kyc-secret", "",
		"secret of encrypted KYC fields (default $ONMETA_KYC_SECRET, or "+sandbox.DefaultKYCSecret+")")
	flags.BoolVar(&set.magic, "magic", false, "print the magic values and exit")
	flags.BoolVar(&set.faultKinds, "fault-kinds", false, "print the kinds of faults and exit")
	flags.BoolVar(&set.verbose, "verbose", false, "log every call, not only the refused ones")
	command.AddCommand(newTrigger(getenv))
	return command
}

// withEnvironment fills settings without a flag from the environment.
func (s settings) withEnvironment(getenv func(string) string) settings {
	s.apiKey = firstNonEmpty(s.apiKey, getenv("ONMETA_API_KEY"))
	s.apiSecret = firstNonEmpty(s.apiSecret, getenv("ONMETA_API_SECRET"))
	s.kycSecret = firstNonEmpty(s.kycSecret, getenv("ONMETA_KYC_SECRET"))
	s.faults = firstNonEmpty(s.faults, getenv("SANDBOX_FAULTS"))
	s.courses = firstNonEmpty(s.courses, getenv("SANDBOX_COURSES"))
	s.webhooks.Orders = firstNonEmpty(s.webhooks.Orders, getenv("SANDBOX_WEBHOOKS"))
	s.webhooks.KYC = firstNonEmpty(s.webhooks.KYC, getenv("SANDBOX_KYC_WEBHOOKS"))
	s.twists = firstNonEmpty(s.twists, getenv("SANDBOX_WEBHOOK_FAULTS"))
	return s
}

func firstNonEmpty(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// run serves until ctx is done.
func run(ctx context.Context, set settings, stdout, stderr io.Writer) error {
	clock := sandbox.NewClock(time.Now(), 1)
	if err := clock.SetSpeed(set.speed); err != nil {
		return fmt.Errorf("--speed: %w", err)
	}
	faults, err := parseFaults(set.faults)
	if err != nil {
		return fmt.Errorf("--faults: %w", err)
	}
	twists, err := parseWebhookFaults(set.twists)
	if err != nil {
		return fmt.Errorf("--webhook-faults: %w", err)
	}
	courses, err := parseCourses(set.courses)
	if err != nil {
		return fmt.Errorf("--courses: %w", err)
	}
	handler, err := sandbox.New(sandbox.Options{
		APIKey: set.apiKey, APISecret: set.apiSecret, KYCSecret: set.kycSecret,
		Seed: set.seed, Clock: clock, Logger: newLogger(stderr, set.verbose),
		Faults: append(twists, faults...), Courses: courses, RateLimit: set.rateLimit, Staging: set.staging, Webhooks: set.webhooks,
	})
	if err != nil {
		return err
	}
	listener, err := listen(set)
	if err != nil {
		return err
	}
	announce(stdout, listener.Addr(), set)
	return serve(ctx, listener, handler, set.allowRemote)
}

// listen refuses an address beyond loopback unless --allow-remote is set.
func listen(set settings) (net.Listener, error) {
	address, err := net.ResolveTCPAddr("tcp", set.listen)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	if !set.allowRemote && !address.IP.IsLoopback() {
		return nil, fmt.Errorf("--listen %s can be reached by other machines, and the control plane has no login: "+
			"use 127.0.0.1, or add --allow-remote", set.listen)
	}
	listener, err := net.ListenTCP("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	return listener, nil
}

func announce(w io.Writer, address net.Addr, set settings) {
	_, _ = fmt.Fprintf(w, "http://%s\n", address)
	_, _ = fmt.Fprintf(w, "API key: %s, API secret: %s, KYC secret: %s\n",
		source(set.apiKey), source(set.apiSecret), source(set.kycSecret))
	_, _ = fmt.Fprintf(w, "Clock: %g times real time. Seed: %d. Faults: %s. Courses: %s. Requests a second: %s.%s\n",
		set.speed, set.seed, firstNonEmpty(set.faults, "none"), firstNonEmpty(set.courses, "by magic values"), limit(set.rateLimit), set.mail())
	_, _ = fmt.Fprintln(w, "Magic values that choose outcomes: sandbox --magic, "+
		"GET /sandbox/magic, or sandbox/README.md")
}

// mail returns the part of the banner about webhooks; empty if none are sent.
func (s settings) mail() string {
	if s.webhooks == (sandbox.Webhooks{}) {
		return ""
	}
	return fmt.Sprintf(" Webhooks of orders: %s. Webhooks of KYC: %s. Faults of webhooks: %s.", firstNonEmpty(s.webhooks.Orders, "none"),
		firstNonEmpty(s.webhooks.KYC, "none"), firstNonEmpty(s.twists, "none"))
}

func limit(perSecond float64) string {
	if perSecond == 0 {
		return "any"
	}
	return fmt.Sprintf("%g", perSecond)
}

// source returns where a credential comes from, never its value.
func source(given string) string {
	if given == "" {
		return "documented default"
	}
	return "as configured"
}

// ownPages refuses requests from pages of other sites, since the control plane has no login. Such a page can also point a host name
// of its own at this address, so other host names are refused too, unless --allow-remote is set.
func ownPages(next http.Handler, anyName bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := loopback.CheckPage(r)
		if !anyName && !loopback.Host(r.Host) {
			err = errors.New("only what is addressed to 127.0.0.1, [::1] or localhost is answered")
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func serve(ctx context.Context, listener net.Listener, handler *sandbox.Server, anyName bool) error {
	server := &http.Server{Handler: ownPages(handler, anyName), ReadHeaderTimeout: headerTime}
	server.RegisterOnShutdown(handler.Close)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if err := server.Shutdown(stopping); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func newLogger(w io.Writer, verbose bool) *zap.Logger {
	level := zapcore.InfoLevel
	if verbose {
		level = zapcore.DebugLevel
	}
	encoder := zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig())
	return zap.New(zapcore.NewCore(encoder, zapcore.AddSync(w), level))
}
