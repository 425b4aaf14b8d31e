// Command loopback-proxy protects a web page without a login that a machine publishes on its loopback address from a network of
// containers, such as Temporal's Web UI. It forwards requests that are addressed to this machine and that do not come from pages of
// other sites: see package loopback.
//
//	loopback-proxy --listen :8080 --to http://temporal-ui:8080
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"rampart/internal/httpserver"
	"rampart/internal/loopback"
	"rampart/internal/release"
)

// stopTimeout is how long requests in flight may take to finish once the proxy stops.
const stopTimeout = 2 * time.Second

func main() {
	if release.Asked("loopback-proxy", os.Args[1:], os.Stdout) {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "loopback-proxy:", err)
		os.Exit(1)
	}
}

// run forwards requests until ctx ends. It prints its URL on standard output.
func run(ctx context.Context, arguments []string, out io.Writer) error {
	flags := flag.NewFlagSet("loopback-proxy", flag.ContinueOnError)
	listen := flags.String("listen", ":8080", "`address` to listen on")
	to := flags.String("to", "", "`URL` of the page that it protects")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	target, err := url.Parse(*to)
	if err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https" {
		return fmt.Errorf("--to %q is not an http or https URL", *to)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", *listen)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "http://%s\n", listener.Addr()) // standard output may be closed
	return httpserver.Serve(ctx, listener, handler(target), httpserver.Options{StopTimeout: stopTimeout})
}

// handler forwards allowed requests with their Host header, with which the page compares origins.
func handler(target *url.URL) http.Handler {
	return loopback.GuardPublished(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
	}})
}
