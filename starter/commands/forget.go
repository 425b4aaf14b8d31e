package commands

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rampart/dossier"
	"rampart/ramp"
	"rampart/starter/forget"
)

const (
	// forgetTimeout is the default of forget's --timeout. Reading orders without hashes takes long where there are many.
	forgetTimeout = 15 * time.Minute
	// forgetPause is between two searches of forget.
	forgetPause = 2 * time.Second
)

// forgetQuery is what forget is told.
type forgetQuery struct {
	email       string
	request     ramp.FindRequest
	preview     bool
	keepRecords bool
	audit       string
	ticket      string
	timeout     time.Duration
}

// auditLine is what is kept of a user who was forgotten. It has no personal data. The file has a line without a report first, which says that
// something may have been deleted although the command was killed.
type auditLine struct {
	Action    string    `json:"action"`
	At        time.Time `json:"at"`
	Namespace string    `json:"namespace"`
	Ticket    string    `json:"ticket,omitempty"`
	Begun     bool      `json:"begun,omitempty"`
	*forget.Report
	// RecordsKept is set if no store of records was asked.
	RecordsKept bool   `json:"recordsKept,omitempty"`
	Error       string `json:"error,omitempty"`
}

func (p *Program) forget() *cobra.Command {
	var query forgetQuery
	cmd := &cobra.Command{
		Use:   "forget --email ADDRESS",
		Short: "Delete the closed orders of a user, for good",
		Long: "Delete the closed orders of a user, for good, and search until none is found: from Temporal, with what they left to be done; their\n" +
			"records, if RAMP_RECORDS names the store; and their KYC dossiers, if RAMP_KYC_STORES names the stores, as the workers have it.\n\n" +
			"The command refuses while the user has an open order, or while a record or events that an order has left are still to be written or\n" +
			"delivered. An order must have ended for half a minute, which the command waits for. It can be repeated after any failure, and\n" +
			"continues. The address - is read from standard input.\n\n" +
			"Orders of before workers made hashes, refused requests and records are read one by one to see whose they are: the command needs the\n" +
			"keyset of the workers, and takes long where there are many.\n\n" +
			"It cannot reach: backups, archives, replicas, and earlier versions that a bucket keeps; the provider, which has its own records of the\n" +
			"user; the backend, and what events have told it; findings of reconciliations; logs and traces, which have masked values. References stay\n" +
			"in workflows that name a provider's order, until their retention is over, and as hashes in the store of records, for good: they have no\n" +
			"personal data, and keep a reference from being used twice. Without a store of records, the reference of a deleted order can be used\n" +
			"again.\n\n" +
			"The last line of the output, also appended to the file of --audit, is kept as proof. It has counts, and no personal data. The exit code\n" +
			"is 0 only if nothing of the user is left that the command can reach.",
		Example: `  starter forget --email - --dry-run < address.txt
  starter forget --email - --audit /var/log/rampart/forgotten.jsonl --ticket DPDP-17 < address.txt`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := query.read(cmd, p); err != nil {
				return err
			}
			stores, err := p.forgetStores(cmd, &query)
			if err != nil {
				return err
			}
			return p.run(func(ctx context.Context, c *Connection, _ []string) error {
				return p.forgetUser(ctx, c, &query, stores)
			})(cmd, args)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&query.email, "email", "", "e-mail `address` of the user, or - to read it from standard input")
	flags.BoolVar(&query.preview, "dry-run", false, "list the orders that would be deleted, and delete nothing")
	flags.BoolVar(&query.keepRecords, "keep-records", false, "keep the user's records, which are your books, although RAMP_RECORDS is set")
	flags.StringVar(&query.audit, "audit", "", "`file` that lines about the deletion are appended to")
	flags.StringVar(&query.ticket, "ticket", "", "`id` of the user's demand, for that line; without personal data")
	flags.DurationVar(&query.timeout, "timeout", forgetTimeout, "how long to go on; a repeated command continues")
	return cmd
}

// notReached says what forget leaves, in short.
const notReached = "Not reached: backups and archives, the provider, the backend, logs; see: starter forget --help"

// ticketID matches the ids of tickets. They leave no room for an address.
var ticketID = regexp.MustCompile(`^[A-Za-z0-9._/-]{0,64}$`)

// read completes the query, and checks it before a connection is opened. No error repeats a value.
func (q *forgetQuery) read(cmd *cobra.Command, p *Program) error {
	if q.email == "-" {
		line, err := readLine(p.Stdin)
		if err != nil {
			return misused(cmd, err.Error())
		}
		q.email = line
	}
	q.email = strings.TrimSpace(q.email)
	switch {
	case q.email == "":
		return misused(cmd, "give --email")
	case !ticketID.MatchString(q.ticket):
		return misused(cmd, "--ticket must be an id: up to 64 letters, digits and . _ / -")
	}
	q.request = ramp.FindRequest{Email: ramp.Email(q.email)}
	return flagged(q.request.Validate(), map[string]string{"email": "--email"})
}

// forgetStores returns the store of records that RAMP_RECORDS names, unless it is to be kept.
func (p *Program) forgetStores(cmd *cobra.Command, query *forgetQuery) ([]forget.Store, error) {
	if url, _ := p.Environment.LookupEnv("RAMP_RECORDS"); url == "" || query.keepRecords {
		return nil, nil
	}
	store, err := p.openRecords(cmd, &recordsFlags{})
	if err != nil {
		return nil, err
	}
	return []forget.Store{&forget.Records{Store: store}}, nil
}

func (p *Program) forgetUser(ctx context.Context, c *Connection, query *forgetQuery, stores []forget.Store) error {
	hasher, err := c.Hasher(ctx)
	if err != nil {
		return err
	}
	dossiers, err := p.dossiers()
	if err != nil {
		return err
	}
	forgetter := &forget.Forgetter{
		Temporal: c.Workflows, Namespace: c.Namespace, Hasher: hasher, Data: c.Reader.Data, Stores: stores, Dossiers: dossiers, Pause: c.Pause,
		Now: p.Now,
	}
	if query.preview {
		return p.previewForget(ctx, forgetter, query)
	}
	audit, err := openAudit(query.audit)
	if err != nil {
		return err
	}
	defer audit.Close()
	line := auditLine{Action: "forget", At: p.moment(), Namespace: c.Namespace, Ticket: query.ticket, Begun: true}
	if err := writeAudit(audit, line); err != nil {
		return errors.New("the file of --audit cannot be written; nothing was deleted")
	}
	report, err := await(ctx, p, query.timeout, "Deleting", func(ctx context.Context) (forget.Report, error) {
		return forgetter.Forget(ctx, query.request.Email)
	})
	line.At, line.Begun, line.Report, line.RecordsKept, line.Error = p.moment(), false, &report, len(stores) == 0, reasonOf(err)
	if writeAudit(audit, line) != nil {
		err = errors.Join(err, errors.New("the line of the deletion could not be written to the file of --audit; the output has it"))
	}
	if err := errors.Join(err, writeJSONLine(p.Stdout, line)); err != nil {
		return err
	}
	if !p.output.json {
		_, _ = fmt.Fprintln(p.Stderr, notReached) // a failure to write to standard error cannot be reported
	}
	if !report.Complete {
		return fmt.Errorf("%d workflows and %d objects in stores cannot be read, so that some may be the user's: repeat this with a keyset that has "+
			"their keys", report.Unreadable, report.UnreadableInStores)
	}
	return nil
}

// moment returns the time in UTC, to the second.
func (p *Program) moment() time.Time { return p.Now().UTC().Truncate(time.Second) }

// dossiers returns the stores of KYC dossiers that RAMP_KYC_STORES names, or nil.
func (p *Program) dossiers() (forget.Store, error) {
	urls, _ := p.Environment.LookupEnv("RAMP_KYC_STORES")
	if urls == "" {
		return nil, nil
	}
	stores, err := dossier.NewStores(strings.Split(urls, ",")...)
	if err != nil {
		return nil, fmt.Errorf("RAMP_KYC_STORES: %w", err)
	}
	return forget.Dossiers{Stores: stores}, nil
}

// previewForget shows what would be deleted.
func (p *Program) previewForget(ctx context.Context, forgetter *forget.Forgetter, query *forgetQuery) error {
	ctx, cancel := context.WithTimeout(ctx, query.timeout)
	defer cancel()
	report, orders, err := forgetter.Preview(ctx, query.request.Email)
	if err != nil {
		return err
	}
	if p.output.json {
		return writeJSON(p.Stdout, struct {
			forget.Report
			Found []ramp.ID `json:"found"`
		}{report, orders})
	}
	screen := p.screen()
	for _, id := range orders {
		screen.Line(id.Direction.WorkflowID(id.Reference))
	}
	for _, line := range previewLines(report, forgetter, query) {
		screen.Line(line)
	}
	return nil
}

// previewLines says what would be deleted, and what would stay.
func previewLines(report forget.Report, forgetter *forget.Forgetter, query *forgetQuery) []string {
	lines := []string{fmt.Sprintf("Would be deleted: %s (%s, %s of events), %s, %s.", counted(report.Orders, "order"), counted(report.Runs, "workflow"),
		deliveries(report.Deliveries), counted(report.Stores["records"], "record"), counted(report.Stores["dossiers"], "dossier"))}
	if report.Unreadable+report.UnreadableInStores > 0 {
		lines = append(lines, fmt.Sprintf("%s and %s in stores cannot be read: it is not known whose they are.",
			counted(report.Unreadable, "workflow"), counted(report.UnreadableInStores, "object")))
	}
	switch {
	case query.keepRecords:
		lines = append(lines, "Records stay: --keep-records.")
	case len(forgetter.Stores) == 0:
		lines = append(lines, "Records stay, if there are any: RAMP_RECORDS names no store.")
	}
	if report.DossiersKept > 0 {
		lines = append(lines, fmt.Sprintf("%s would stay: RAMP_KYC_STORES names no store of them.", counted(report.DossiersKept, "dossier")))
	}
	return append(lines, notReached)
}

func deliveries(n int) string {
	if n == 1 {
		return "1 delivery"
	}
	return fmt.Sprintf("%d deliveries", n)
}

// reasonOf says in a word why forgetting failed; the error's text may be anybody's.
func reasonOf(err error) string {
	var open *forget.OpenError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &open) && len(open.Lost) > 0:
		return "an order is lost"
	case errors.As(err, &open) && len(open.Orders) == 0:
		return "what an order left is not done"
	case errors.As(err, &open):
		return "an order is open"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return "interrupted"
	default:
		return "failed"
	}
}

// openAudit opens the audit file before anything is deleted. It is nil for no file.
func openAudit(name string) (*os.File, error) {
	if name == "" {
		return nil, nil
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) // #nosec G304 -- the operator names it
	if err != nil {
		return nil, errors.New("the file of --audit cannot be written; nothing was deleted")
	}
	return file, nil
}

// writeAudit appends a line durably.
func writeAudit(file *os.File, line auditLine) error {
	if file == nil {
		return nil
	}
	return errors.Join(writeJSONLine(file, line), file.Sync())
}
