package forget

import (
	"context"
	"errors"

	"rampart/dossier"
)

// Dossiers are the stores of KYC dossiers. Only dossiers that the user's orders name, and that are the user's, are deleted.
type Dossiers struct{ Stores dossier.Stores }

var _ Store = Dossiers{}

// Name implements Store.
func (Dossiers) Name() string { return "dossiers" }

// Count implements Store.
func (d Dossiers) Count(ctx context.Context, user User) (Tally, error) {
	return ask(ctx, user, d.Stores.Belongs)
}

// Forget implements Store. It goes on after an error, so that one dossier that cannot be deleted keeps no other.
func (d Dossiers) Forget(ctx context.Context, user User) (Tally, error) {
	return ask(ctx, user, d.Stores.Delete)
}

// ask asks the stores about each dossier.
func ask(ctx context.Context, user User, call func(_ context.Context, url, email string) (bool, error)) (Tally, error) {
	var tally Tally
	var failed error
	for _, url := range user.Dossiers {
		has, err := call(ctx, string(url), string(user.Email))
		switch {
		case has:
			tally.Found++
		case errors.Is(err, dossier.ErrOutside): // the order was refused for it, unless the stores were others then
			tally.Kept++
			continue
		}
		failed = errors.Join(failed, err)
	}
	return tally, failed
}
