package commands

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"rampart/codec"
	"rampart/starter/connection"
)

func (p *Program) keyset() *cobra.Command {
	command := &cobra.Command{
		Use:   "keyset",
		Short: "Make, rotate and inspect the keys that encrypt orders' payloads",
		Long: "Make, rotate and inspect the keyset that encrypts what orders leave in Temporal. Every worker, backend and codec server\n" +
			"needs the same one: RAMP_KEYSET_FILE names its file (by default rampart/keyset.json in your configuration directory),\n" +
			"RAMP_KEYSET_KMS the KMS key that wraps it: aws-kms://arn:…, gcp-kms://projects/… or hcvault://host/transit/keys/name.",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	command.AddCommand(p.keysetCreate(), p.keysetRotate(), p.keysetInspect())
	return command
}

func (p *Program) keysetCreate() *cobra.Command {
	return &cobra.Command{
		Use:   "create",
		Short: "Make a keyset with one key, in a file that only you can read",
		Args:  arguments(),
		RunE: p.withKeyset(func(ctx context.Context, source codec.KeysetSource) error {
			path, err := codec.CreateKeyset(ctx, source)
			if err != nil {
				return err
			}
			return p.printKeyset(ctx, source,
				"Made the keyset "+path+".",
				"Every worker, backend and codec server needs it. Keep a copy where it cannot be lost: without it no order can be read.")
		}),
	}
}

func (p *Program) keysetRotate() *cobra.Command {
	promote := false
	command := &cobra.Command{
		Use:   "rotate",
		Short: "Add a key to the keyset; with --promote, encrypt with the newest one",
		Long: "Rotate in two steps, so that nobody ever meets a key that he does not have. Without a flag a new key is added, which\n" +
			"decrypts only. Once every worker, backend and codec server has the keyset with it, --promote makes it the one that\n" +
			"encrypts. Workers and codec servers read a changed file by themselves, within 30 seconds. Old keys stay, for histories.",
		Args: arguments(),
		RunE: p.withKeyset(func(ctx context.Context, source codec.KeysetSource) error {
			if promote {
				return p.promoteKey(ctx, source)
			}
			id, err := codec.AddKey(ctx, source)
			if err != nil {
				return err
			}
			return p.printKeyset(ctx, source,
				"Added key "+keyName(id)+". It decrypts, and does not encrypt yet.",
				"Give the keyset to every worker, backend and codec server, and then run: "+p.Name+" keyset rotate --promote")
		}),
	}
	command.Flags().BoolVar(&promote, "promote", false, "encrypt with the newest key from now on")
	return command
}

func (p *Program) promoteKey(ctx context.Context, source codec.KeysetSource) error {
	id, err := codec.PromoteKey(ctx, source)
	if err != nil {
		return err
	}
	return p.printKeyset(ctx, source,
		"Key "+keyName(id)+" encrypts from now on.",
		"Keep the older keys as long as there are histories: the retention of the namespace, and of its archives.")
}

func (p *Program) keysetInspect() *cobra.Command {
	return &cobra.Command{
		Use:   "inspect",
		Short: "Show the ids of the keys, and which one encrypts",
		Args:  arguments(),
		RunE: p.withKeyset(func(ctx context.Context, source codec.KeysetSource) error {
			return p.printKeyset(ctx, source)
		}),
	}
}

func (p *Program) withKeyset(command func(context.Context, codec.KeysetSource) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		source, err := connection.Keyset(p.Environment)
		if err != nil {
			return err
		}
		return command(cmd.Context(), source)
	}
}

// keyView is a key as JSON has it.
type keyView struct {
	ID      string `json:"id"`
	Primary bool   `json:"primary"`
	Type    string `json:"type"`
}

func (p *Program) printKeyset(ctx context.Context, source codec.KeysetSource, lines ...string) error {
	keys, err := codec.ListKeys(ctx, source)
	if err != nil {
		return err
	}
	if p.output.json {
		views := make([]keyView, len(keys))
		for i, key := range keys {
			views[i] = keyView{ID: keyName(key.ID), Primary: key.Primary, Type: key.Type}
		}
		return writeJSON(p.Stdout, views)
	}
	screen := p.screen()
	for _, key := range keys {
		role := "decrypts"
		if key.Primary {
			role = "encrypts and decrypts"
		}
		screen.Linef("  %-10s  %s  %s", keyName(key.ID), key.Type, role)
	}
	for _, line := range lines {
		screen.Line(line)
	}
	return nil
}

func keyName(id uint32) string { return strconv.FormatUint(uint64(id), 10) }
