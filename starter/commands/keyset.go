package commands

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"rampart/codec"
	"rampart/starter/connection"
)

func (p *Program) keyset() *cobra.Command {
	return commandGroup(&cobra.Command{
		Use:   "keyset",
		Short: "Create, rotate and inspect the keyset that encrypts orders",
		Long: "Create, rotate and inspect the keyset that encrypts the payloads of orders in Temporal. All workers, backends and codec servers\n" +
			"must have the same keyset. RAMP_KEYSET_FILE names its file (default: rampart/keyset.json in your configuration directory), and\n" +
			"RAMP_KEYSET_KMS the KMS key that wraps it: aws-kms://arn:…, gcp-kms://projects/… or hcvault://host/transit/keys/name.",
		Example: `  starter keyset create
  RAMP_KEYSET_FILE=/etc/rampart/keyset.json starter keyset inspect

  # Rotate the key:
  starter keyset rotate              # add a key; then distribute the keyset to all workers, backends and codec servers
  starter keyset rotate --promote    # encrypt with the new key`,
	}, p.keysetCreate(), p.keysetRotate(), p.keysetInspect())
}

func (p *Program) keysetCreate() *cobra.Command {
	return &cobra.Command{
		Use:     "create",
		Short:   "Create a keyset with one key, in a file that only you can read",
		Long:    "Create a keyset with one key, in a file that only you can read. An existing file is never overwritten.",
		Example: "  starter keyset create",
		Args:    arguments(),
		RunE: p.withKeyset(func(ctx context.Context, source codec.KeysetSource) error {
			path, err := codec.CreateKeyset(ctx, source)
			if err != nil {
				return err
			}
			return p.printKeyset(ctx, source,
				"Created the keyset "+path+".",
				"All workers, backends and codec servers need it. Back it up: without it, orders cannot be decrypted.")
		}),
	}
}

func (p *Program) keysetRotate() *cobra.Command {
	promote := false
	command := &cobra.Command{
		Use:   "rotate",
		Short: "Add a key to the keyset or, with --promote, encrypt with the newest key",
		Long: "Rotate the key in two steps, so that no process receives data encrypted with a key that it does not have. Without --promote, the\n" +
			"command adds a key that only decrypts. When all workers, backends and codec servers have the new keyset, run it with --promote:\n" +
			"the newest key then encrypts. Workers and codec servers reload a changed file within 30 seconds. Former keys stay in the keyset,\n" +
			"to decrypt existing histories.",
		Example: "  starter keyset rotate\n  starter keyset rotate --promote",
		Args:    arguments(),
		RunE: p.withKeyset(func(ctx context.Context, source codec.KeysetSource) error {
			if promote {
				return p.promoteKey(ctx, source)
			}
			id, err := codec.AddKey(ctx, source)
			if err != nil {
				return err
			}
			return p.printKeyset(ctx, source,
				"Added key "+keyName(id)+". It decrypts, but does not encrypt yet.",
				"Distribute the keyset to all workers, backends and codec servers, then run: "+p.Name+" keyset rotate --promote")
		}),
	}
	command.Flags().BoolVar(&promote, "promote", false, "encrypt with the newest key")
	return command
}

func (p *Program) promoteKey(ctx context.Context, source codec.KeysetSource) error {
	id, err := codec.PromoteKey(ctx, source)
	if err != nil {
		return err
	}
	return p.printKeyset(ctx, source,
		"Key "+keyName(id)+" now encrypts.",
		"Keep the former keys for as long as histories and records exist: the retention of the namespace, of its archives, and of the records.")
}

func (p *Program) keysetInspect() *cobra.Command {
	return &cobra.Command{
		Use:     "inspect",
		Short:   "Show the ids of the keys, and which one encrypts",
		Long:    "Show the ids of the keys in the keyset, and which one encrypts. The keys themselves are never shown.",
		Example: "  starter keyset inspect -o json",
		Args:    arguments(),
		RunE: p.withKeyset(func(ctx context.Context, source codec.KeysetSource) error {
			return p.printKeyset(ctx, source)
		}),
	}
}

// withKeyset returns a cobra function for a command that operates on the keyset that the environment configures.
func (p *Program) withKeyset(command func(context.Context, codec.KeysetSource) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		source, err := connection.Keyset(p.Environment)
		if err != nil {
			return err
		}
		return command(cmd.Context(), source)
	}
}

// keyResult is a key of the keyset as JSON.
type keyResult struct {
	ID      string `json:"id"`
	Primary bool   `json:"primary"`
	Type    string `json:"type"`
}

// printKeyset prints the keys of a keyset, followed by lines of text unless the output is JSON.
func (p *Program) printKeyset(ctx context.Context, source codec.KeysetSource, lines ...string) error {
	keys, err := codec.ListKeys(ctx, source)
	if err != nil {
		return err
	}
	if p.output.json {
		results := make([]keyResult, len(keys))
		for i, key := range keys {
			results[i] = keyResult{ID: keyName(key.ID), Primary: key.Primary, Type: key.Type}
		}
		return writeJSON(p.Stdout, results)
	}
	screen := p.screen()
	for _, key := range keys {
		use := "decrypts"
		if key.Primary {
			use = "encrypts and decrypts"
		}
		screen.Linef("  %-10s  %s  %s", keyName(key.ID), key.Type, use)
	}
	for _, line := range lines {
		screen.Line(line)
	}
	return nil
}

func keyName(id uint32) string { return strconv.FormatUint(uint64(id), 10) }
