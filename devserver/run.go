package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"go.temporal.io/server/common/config"
)

// devserver is one run of the program.
type devserver struct {
	opts  options
	cfg   *config.Config
	shown diagnostics
	data  *store
	out   io.Writer
}

// run serves until ctx ends, and returns nil then.
func run(ctx context.Context, opts options, out io.Writer) error {
	free := new(ports)
	defer free.release()
	cfg, err := loadConfig(opts, free)
	if err != nil {
		return err
	}
	if err := checkPorts(cfg, opts.uiPort); err != nil {
		return err
	}
	data, err := openStore(cfg, opts.db)
	if err != nil {
		return err
	}
	d := &devserver{opts: opts, cfg: cfg, shown: takeDiagnostics(cfg), data: data, out: out}
	return errors.Join(d.serve(ctx), data.close())
}

// serve runs the Temporal server and the pages in front of it.
func (d *devserver) serve(ctx context.Context) error {
	srv, err := startServer(d.cfg)
	if err != nil {
		return err
	}
	err = d.servePages(ctx, srv)
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, srv.stop())
}

// servePages serves the Web UI, metrics and profiles, and reports when the server is ready.
func (d *devserver) servePages(ctx context.Context, srv *server) (err error) {
	stop, err := d.shown.serve()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if d.opts.uiPort != 0 {
		stop, err := startUI(d.cfg, d.opts)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	if err := srv.becomeReady(ctx); err != nil {
		return err
	}
	d.announce()
	<-ctx.Done()
	return nil
}

// announce prints the addresses of all services. Programs parse the first line.
func (d *devserver) announce() {
	fmt.Fprintf(d.out, "TEMPORAL_ADDRESS=%s TEMPORAL_NAMESPACE=%s\n", frontendAddress(d.cfg), namespace)
	if d.opts.uiPort != 0 {
		fmt.Fprintf(d.out, "Web UI   http://%s\n", uiAddress(d.cfg, d.opts.uiPort))
	}
	if d.shown.metrics != "" {
		fmt.Fprintf(d.out, "Metrics  http://%s/metrics\n", d.shown.metrics)
	}
	if d.shown.profiles != "" {
		fmt.Fprintf(d.out, "Profiles http://%s/debug/pprof/\n", d.shown.profiles)
	}
	fmt.Fprintf(d.out, "Data     %s\n", d.data.place)
}
