package sandbox

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"time"

	"github.com/shopspring/decimal"
)

const (
	// quoteLife is how long a quote is valid (guide: 30 seconds), and how long a price stays the same.
	quoteLife = 30 * time.Second
	// manyQuotes is how many quotes are kept before the expired ones are dropped.
	manyQuotes = 1024
	// moveBasisPoints is how far a price moves either way from the token's middle price.
	moveBasisPoints = 25
	// shownDecimals is how many decimals of a token amount are shown at most.
	shownDecimals = 6
)

// side is the direction of a quote, from the user's point of view.
type side string

const (
	buy  side = "buy"
	sell side = "sell"
)

// deal is what a quote or an order exchanges: a token and the amount of one of the two sides.
type deal struct {
	side   side
	token  token
	amount decimal.Decimal
	byFiat bool // amount is in INR rather than in tokens
}

// quoteKey makes quotes of the same deal comparable.
type quoteKey struct {
	side    side
	chainID int64
	address string
	amount  string
	byFiat  bool
}

type issuedQuote struct {
	rate decimal.Decimal
	at   time.Time
}

func (d deal) key() quoteKey {
	return quoteKey{d.side, d.token.chain.id, d.token.address, d.amount.String(), d.byFiat}
}

func (d deal) course() course {
	if d.side == buy {
		return courseFor(onrampCourses(), d.amount, onrampPath())
	}
	return courseFor(offrampCourses(), d.amount, offrampPath())
}

// marketRate returns INR per token. It stays the same for the length of a quote and depends on seed and time alone.
func (s *Server) marketRate(d deal, now time.Time) decimal.Decimal {
	window := now.Unix() / int64(quoteLife.Seconds())
	sum := sha256.Sum256(fmt.Appendf(nil, "%d/%s/%d", s.options.Seed, d.token.symbol, window))
	move := int64(binary.BigEndian.Uint32(sum[:]))%(2*moveBasisPoints+1) - moveBasisPoints
	rate := d.token.priceINR.Mul(decimal.New(10_000+move, -4)).Mul(d.spread())
	if d.course().swings && window%2 == 1 {
		rate = rate.Mul(d.swing())
	}
	return rate.Round(shownDecimals)
}

// spread includes the provider's fee of 1.5 % and 18 % GST on it (provider 7).
func (d deal) spread() decimal.Decimal {
	if d.side == buy {
		return decimal.RequireFromString("1.0177")
	}
	return decimal.RequireFromString("0.9823")
}

// swing returns a price that is 10 % worse for the user.
func (d deal) swing() decimal.Decimal {
	if d.side == buy {
		return decimal.RequireFromString("1.1")
	}
	return decimal.RequireFromString("0.9")
}

// quotedRate issues a quote.
func (s *Server) quotedRate(d deal, now time.Time) decimal.Decimal {
	quotes := s.store.quotes
	if len(quotes) >= manyQuotes {
		maps.DeleteFunc(quotes, func(_ quoteKey, q issuedQuote) bool { return !q.holds(now) })
	}
	rate := s.marketRate(d, now)
	quotes[d.key()] = issuedQuote{rate: rate, at: now}
	return rate
}

// orderRate returns the price of an order. No order names its quote (provider 3.12), so the latest quote of the same deal applies while
// it is valid; after that the order is priced anew.
func (s *Server) orderRate(d deal, now time.Time) decimal.Decimal {
	if q, ok := s.store.quotes[d.key()]; ok && q.holds(now) {
		return q.rate
	}
	return s.marketRate(d, now)
}

func (q issuedQuote) holds(now time.Time) bool { return !now.After(q.at.Add(quoteLife)) }

// tokensBought returns what the user receives for an amount of INR.
func (t token) tokensBought(fiat, rate decimal.Decimal) (decimal.Decimal, error) {
	net := fiat.Sub(decimal.RequireFromString(t.chain.gasINR))
	bought := net.Div(rate).Truncate(min(t.decimals, shownDecimals))
	if !bought.IsPositive() {
		return decimal.Zero, outOfLimits("the amount does not cover the gas charge")
	}
	return bought, nil
}

// smallestUnits returns a token amount in the token's smallest unit.
func (t token) smallestUnits(amount decimal.Decimal) string {
	return amount.Shift(t.decimals).Truncate(0).String()
}

// sold returns how many tokens a sale takes and what it pays, before fees.
func (d deal) sold(rate decimal.Decimal) (tokens, fiat decimal.Decimal) {
	if d.byFiat {
		return d.amount.Div(rate).RoundCeil(min(d.token.decimals, shownDecimals)), d.amount
	}
	return d.amount, d.amount.Mul(rate).Round(fiatDecimals)
}

// worsened returns the price at which an order of the course is created.
func (c course) worsened(rate decimal.Decimal) decimal.Decimal { return times(rate, c.rate) }

// times multiplies by a factor; an empty one leaves the value.
func times(amount decimal.Decimal, factor string) decimal.Decimal {
	if factor == "" {
		return amount
	}
	return amount.Mul(decimal.RequireFromString(factor))
}

// rounded returns the amount rounded to the token's decimals.
func (t token) rounded(amount decimal.Decimal) decimal.Decimal {
	return amount.RoundCeil(t.decimals)
}

// shownTokens formats an amount with at least six decimals.
func shownTokens(amount decimal.Decimal) string {
	return amount.StringFixed(max(shownDecimals, -amount.Exponent()))
}

// tds returns the tax withheld from a payout, 1 % (provider 4.2, 13: FAQ 25).
func tds(fiat decimal.Decimal) decimal.Decimal { return fiat.Shift(-2).Round(fiatDecimals) }
