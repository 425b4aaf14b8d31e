package commands

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"rampart/ramp"
)

// maxFindLine bounds the line that --email -, --utr - or --hash - reads.
const maxFindLine = 1024

// findQuery is what orders are found by.
type findQuery struct {
	request            ramp.FindRequest
	email, utr, txHash string
	limit              int
}

func (p *Program) find() *cobra.Command {
	var query findQuery
	cmd := &cobra.Command{
		Use:   "find (--email ADDRESS | --utr UTR | --hash TRANSACTION-HASH)",
		Short: "Find the orders of a user, or of a proof of payment",
		Long: "Find the orders of a user by e-mail address, or the orders that a UTR or a transaction hash was accepted for, newest first. Case\n" +
			"does not matter, except in hashes that are not hexadecimal. The value - is read from standard input, so that it is neither in the\n" +
			"list of processes nor in the shell's history.\n\n" +
			"Temporal has keyed hashes of these values, never the values: the command needs the keyset of the workers. An order is found by\n" +
			"its user once the provider has answered about the user's KYC, and by a proof once the provider has accepted it, a moment later\n" +
			"each. Orders that began before workers made hashes, or in a namespace without the search attributes RampUser and RampProof, are\n" +
			"not found: setup adds these, and list --reference finds orders by the beginning of their references.",
		Example: `  starter find --email asha@example.test
  starter find --utr 412345678901 -o json
  starter find --email - < address.txt`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := query.read(cmd, p.Stdin); err != nil {
				return err
			}
			return p.run(func(ctx context.Context, c *Connection, _ []string) error {
				return p.printFound(ctx, c, &query)
			})(cmd, args)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&query.email, "email", "", "e-mail `address` of the user, or - to read it from standard input")
	flags.StringVar(&query.utr, "utr", "", "`UTR` of a payment, or - to read it from standard input")
	flags.StringVar(&query.txHash, "hash", "", "transaction `hash` of a user's transfer of tokens, or - to read it from standard input")
	flags.IntVar(&query.limit, "limit", 100, "maximum `number` of orders to show")
	return cmd
}

// read completes the request, and checks it before a connection is opened. No error repeats a value.
func (q *findQuery) read(cmd *cobra.Command, stdin io.Reader) error {
	given := 0
	for _, flag := range []string{"email", "utr", "hash"} {
		if cmd.Flags().Changed(flag) {
			given++
		}
	}
	switch {
	case given != 1:
		return misused(cmd, "give one of --email, --utr and --hash")
	case q.limit < 1:
		return misused(cmd, "--limit must be at least 1")
	}
	for _, value := range []*string{&q.email, &q.utr, &q.txHash} {
		if *value != "-" {
			continue
		}
		line, err := readLine(stdin)
		if err != nil {
			return misused(cmd, err.Error())
		}
		*value = line
	}
	q.request = ramp.FindRequest{Email: ramp.Email(q.email), UTR: ramp.UTR(q.utr), TransactionHash: q.txHash}
	return flagged(q.request.Validate(), map[string]string{"email": "--email", "utr": "--utr", "transactionHash": "--hash"})
}

// flagged names the flags of invalid fields.
func flagged(err error, flagOf map[string]string) error {
	var invalid *ramp.Error
	if errors.As(err, &invalid) {
		return &requestError{invalid: invalid, flagOf: flagOf}
	}
	return err
}

// readLine reads the first line of standard input.
func readLine(stdin io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(stdin, maxFindLine)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", errors.New("standard input cannot be read")
	}
	if line = strings.TrimSpace(line); line == "" || len(line) == maxFindLine {
		return "", errors.New("the first line of standard input must be the value to find")
	}
	return line, nil
}

func (p *Program) printFound(ctx context.Context, c *Connection, query *findQuery) error {
	hasher, err := c.Hasher(ctx)
	if err != nil {
		return err
	}
	filter, err := query.request.Filter(hasher)
	if err != nil {
		return err
	}
	orders, more := []ramp.Summary{}, false
	for order, err := range c.Search(ctx, filter, "") {
		if err != nil {
			return err
		}
		if more = len(orders) == query.limit; more {
			break
		}
		orders = append(orders, order)
	}
	if p.output.json {
		return writeJSON(p.Stdout, orders)
	}
	screen := p.screen()
	if len(orders) == 0 {
		screen.Line("No order is found by this. It may have begun before workers made hashes, or moments ago; see: starter find --help")
		return nil
	}
	screen.List(orders)
	if more {
		screen.Line("There are more orders: a greater --limit shows them.")
	}
	return nil
}
