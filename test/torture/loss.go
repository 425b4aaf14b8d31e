package torture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"rampart/ramp"
	"rampart/records"
)

// loseDatabase deletes Temporal's database. Orders are found again in the store of records.
const loseDatabase disruptionKind = "loss of Temporal's database"

// recordsDirectory is the store of records of a run that loses the database.
func recordsDirectory(options Options) string { return filepath.Join(options.Dir, "records") }

// recordsStore returns the variables of workers that keep records; none in a run that loses nothing.
func recordsStore(options Options) ([]string, error) {
	if options.Losses == 0 {
		return nil, nil
	}
	directory := recordsDirectory(options)
	return []string{"RAMP_RECORDS=file://" + filepath.ToSlash(directory)}, os.Mkdir(directory, 0o700)
}

// openRecords opens the store of records; nil in a run that loses nothing.
func (s *stack) openRecords() (*records.Store, error) {
	if s.options.Losses == 0 {
		return nil, nil
	}
	return records.Open("file://"+filepath.ToSlash(recordsDirectory(s.options)), s.Keyring)
}

// loseDatabase kills the server, deletes its database, starts it without one, and rebuilds the orders. The workers stay.
func (d *disruptor) loseDatabase(ctx context.Context, next disruption) error {
	d.stack.killServer()
	files, err := filepath.Glob(filepath.Join(d.stack.Dir, "temporal.db*"))
	if err != nil || len(files) == 0 {
		return errors.Join(err, errors.New("there is no database to delete"))
	}
	for _, file := range files {
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	if err := d.noteKept(ctx); err != nil {
		return err
	}
	sleep(ctx, next.pause)
	starting, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := d.stack.startServer(starting); err != nil {
		return err
	}
	said, err := d.stack.rebuild(ctx)
	logProgress(d.stack.options.progress(), d.begun, "rebuild: %s", said)
	return err
}

// noteKept notes which orders the store of records has at a loss: none of them may be made again.
func (d *disruptor) noteKept(ctx context.Context) error {
	store, err := d.stack.openRecords()
	if err != nil {
		return err
	}
	kept := make(map[ramp.ID][]string)
	for open, err := range store.AllOpen(ctx) {
		if err != nil {
			return err
		}
		kept[open.ID()] = append(kept[open.ID()], open.Order.OrderID)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, orders := range kept {
		d.kept[id] = append(d.kept[id], orders...)
	}
	return nil
}

// rebuildAttempts is how often a rebuild is repeated at most: an order that is being made at that moment may seem to need a person.
const rebuildAttempts = 20

// rebuild runs starter rebuild until it is done, and returns what it said last.
func (s *stack) rebuild(ctx context.Context) (said string, err error) {
	for range rebuildAttempts {
		command := exec.CommandContext(ctx, s.Program("starter"), "rebuild", "--timeout", "1m")
		command.Env = append(os.Environ(), "TEMPORAL_ADDRESS="+s.Address, "TEMPORAL_NAMESPACE=default", "RAMP_KEYSET_FILE="+s.Keyset,
			"RAMP_RECORDS=file://"+filepath.ToSlash(recordsDirectory(s.options)), "NO_COLOR=1")
		var output []byte
		output, err = command.CombinedOutput()
		for line := range strings.Lines(string(output)) {
			if strings.Contains(line, " taken over, ") || strings.Contains(line, "no open orders") {
				said = strings.TrimSpace(line)
			}
		}
		if err == nil || !sleep(ctx, 2*time.Second) {
			return said, nil
		}
		err = fmt.Errorf("starter rebuild: %w: %s", err, output)
	}
	return said, err
}

// recordOf returns an order that has ended, from the records; nil if there is none.
func recordOf(ctx context.Context, store *records.Store, id ramp.ID) *ramp.Order {
	if store == nil {
		return nil
	}
	record, _, err := store.Find(ctx, id)
	if err != nil || record == nil {
		return nil
	}
	return &record.Order
}

// get returns an order, also one that ended before Temporal lost it.
func (b *backend) get(ctx context.Context) (*ramp.Order, error) {
	order, err := b.orders.Get(ctx, b.plan.id)
	if ramp.IsError(err, ramp.NotFound) {
		if ended := recordOf(ctx, b.records, b.plan.id); ended != nil {
			return ended, nil
		}
	}
	return order, err
}

// isLost reports whether an error says that Temporal does not know an order that it may have lost.
func (b *backend) isLost(err error) bool { return b.records != nil && ramp.IsError(err, ramp.NotFound) }

// overWhenLost returns the order after such an error if it has ended.
func (b *backend) overWhenLost(ctx context.Context, err error) *ramp.Order {
	if !b.isLost(err) {
		return nil
	}
	return recordOf(ctx, b.records, b.plan.id)
}
