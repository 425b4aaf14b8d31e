package bench

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"rampart/internal/process"
	"rampart/test/testbed"
)

// Names of DBOS' workflows in the program peers.
const (
	dbosPolled  = "Order"
	dbosWatched = "WatchedOrder"
)

// peerReady is the line that the program peers writes once it serves.
const peerReady = "peer started"

// libraryContender is an implementation by the program peers: a worker, and a control that starts orders and delivers proofs.
type libraryContender struct {
	stack    *testbed.Stack
	library  string
	workflow string
	// count is the statement that counts the rows of orders.
	count    string
	database *testbed.Database
	worker   *process.Process
	url      string
	workers  int
}

// Statements that count what is left of orders, whose references they get.
const (
	dbosRows = `WITH these AS (SELECT unnest(ARRAY[%s]) AS of_order) SELECT
		(SELECT count(*) FROM dbos.workflow_status JOIN these ON workflow_uuid = of_order) +
		(SELECT count(*) FROM dbos.operation_outputs JOIN these ON workflow_uuid = of_order) +
		(SELECT count(*) FROM dbos.notifications JOIN these ON destination_uuid = of_order)`
	riverRows = `WITH these AS (SELECT unnest(ARRAY[%s]) AS of_order) SELECT
		(SELECT count(*) FROM river_job JOIN these ON args->>'reference' = of_order) +
		(SELECT count(*) FROM orders JOIN these ON reference = of_order) +
		(SELECT count(*) FROM steps JOIN these ON reference = of_order)`
)

// newLibrary starts a database and the program peers. The caller closes the contender, also after an error.
func newLibrary(ctx context.Context, options Options, variant Variant, speed float64, provider string) (*libraryContender, error) {
	c := &libraryContender{library: "dbos", workflow: dbosPolled, count: dbosRows, stack: &testbed.Stack{
		Bin: options.Bin, Dir: options.Dir, Speed: speed, Provider: provider, Processes: process.Group{Logs: options.Dir},
	}}
	switch variant {
	case DBOSWatch:
		c.workflow = dbosWatched
	case River:
		c.library, c.count = "river", riverRows
	}
	var err error
	if c.database, err = testbed.StartDatabase(ctx, c.stack, "postgres"); err != nil {
		return c, err
	}
	if err := c.startWorker(ctx); err != nil {
		return c, err
	}
	_, line, err := c.startProgram(ctx, "control")
	_, c.url, _ = strings.Cut(line, peerReady+" ")
	return c, err
}

func (c *libraryContender) startProgram(ctx context.Context, role string) (*process.Process, string, error) {
	c.workers++
	return c.stack.Start(ctx, process.Program{
		Name: fmt.Sprintf("%s-%d", role, c.workers), Path: c.stack.Program("peers"), Arguments: []string{
			"-library", c.library, "-role", role, "-database", c.database.URL(), "-provider", c.stack.Provider, "-key", testbed.APIKey,
			"-speed", fmt.Sprint(c.stack.Speed),
		},
	}, peerReady)
}

func (c *libraryContender) startWorker(ctx context.Context) error {
	var err error
	c.worker, _, err = c.startProgram(ctx, "worker")
	return err
}

// named returns the same programs with orders of another workflow.
func (c *libraryContender) named(workflow string) *libraryContender {
	other := *c
	other.workflow = workflow
	return &other
}

func (c *libraryContender) close() {
	c.stack.Close(stopGrace)
	if c.database != nil {
		c.database.Remove()
	}
}

func (c *libraryContender) start(ctx context.Context, o order) error {
	body, err := json.Marshal(o.request)
	if err != nil {
		return err
	}
	_, err = c.call(ctx, http.MethodPost, "/orders?name="+c.workflow, body)
	return err
}

func (c *libraryContender) prove(ctx context.Context, o order) error {
	_, err := c.call(ctx, http.MethodPost, "/orders/"+url.PathEscape(o.request.Reference)+"/utr", []byte(o.utr()))
	return err
}

func (c *libraryContender) ended(ctx context.Context, o order) (string, error) {
	return c.call(ctx, http.MethodGet, "/orders/"+url.PathEscape(o.request.Reference), nil)
}

func (c *libraryContender) call(ctx context.Context, method, path string, body []byte) (string, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s", method, path, text)
	}
	return string(text), err
}

func (c *libraryContender) used() (p parts, err error) {
	p.at = time.Now()
	if p.worker, err = c.worker.CPU(); err != nil {
		return p, err
	}
	p.database, err = c.database.Process.TreeCPU()
	return p, err
}

func (c *libraryContender) killWorker() { c.worker.Kill() }

func (c *libraryContender) records(ctx context.Context, orders []order) (int, error) {
	references := make([]string, len(orders))
	for i, o := range orders {
		references[i] = "'" + o.request.Reference + "'"
	}
	text, err := c.database.Query(ctx, "postgres", fmt.Sprintf(c.count, strings.Join(references, ", ")))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}

func (c *libraryContender) size(ctx context.Context) (int64, error) { return c.database.Size(ctx) }

// libraries returns the libraries that the program peers was built with.
func libraries(options Options) ([]string, error) {
	built, err := buildinfo.ReadFile(filepath.Join(options.Bin, "peers"))
	if err != nil {
		return nil, err
	}
	var all []string
	for _, module := range built.Deps {
		if strings.Contains(module.Path, "dbos-transact") || module.Path == "github.com/riverqueue/river" {
			all = append(all, module.Path+" "+module.Version)
		}
	}
	return all, nil
}
