package sandbox

import (
	"fmt"
	"net/http"
	"time"

	"github.com/shopspring/decimal"
)

// Limits of orders in INR (provider 7). The UPI limit is for one user and day, the other for one transfer.
const (
	upiDailyLimit = 100_000
	transferLimit = 500_000
	phpMaximum    = 50_000
)

// indianTime is the zone in which the day of the UPI limit is counted; which zone is not documented.
func indianTime() *time.Location {
	return time.FixedZone("IST", int((5*time.Hour + 30*time.Minute).Seconds()))
}

func outOfLimits(why string) error {
	return refuse(http.StatusBadRequest, "Amount is out of limits", why)
}

// checkChainLimit checks an amount in INR against what the chain allows.
func checkChainLimit(amount decimal.Decimal, minimum int64) error {
	if amount.LessThan(decimal.NewFromInt(minimum)) {
		return outOfLimits(fmt.Sprintf("the chain's minimum is %d INR", minimum))
	}
	if amount.GreaterThan(decimal.NewFromInt(transferLimit)) {
		return outOfLimits(fmt.Sprintf("the maximum is %d INR", transferLimit))
	}
	return nil
}

// checkUPILimit checks that an order stays within the user's limit of today. Orders that ended without a payment do not count.
func checkUPILimit(u *user, amount decimal.Decimal, now time.Time) error {
	sum := amount
	for _, o := range u.orders {
		if o.paymentMode == modeUPI && sameDay(o.createdAt, now) && !o.fellThrough(now) {
			sum = sum.Add(o.fiat)
		}
	}
	if sum.GreaterThan(decimal.NewFromInt(upiDailyLimit)) {
		return outOfLimits(fmt.Sprintf("UPI allows %d INR a day", upiDailyLimit))
	}
	return nil
}

func sameDay(a, b time.Time) bool {
	a, b = a.In(indianTime()), b.In(indianTime())
	return a.Year() == b.Year() && a.YearDay() == b.YearDay()
}

type chainLimit struct {
	ID       string    `json:"_id"`
	Chain    string    `json:"chain"`
	ChainID  int64     `json:"chainId"`
	MinLimit fiatLimit `json:"minLimit"`
	MaxLimit fiatLimit `json:"maxLimit"`
}

type fiatLimit struct {
	INR int64 `json:"INR"`
	PHP int64 `json:"PHP"`
}

// chainLimits answers with the on-ramp limits, the only ones in the provider's answer (provider 3.14).
func (s *Server) chainLimits(*call) (any, error) {
	limits := []chainLimit{}
	for i, ch := range chains() {
		limits = append(limits, chainLimit{
			ID: fmt.Sprintf("6500000000000000000000%02x", 0x20+i), Chain: ch.name, ChainID: ch.id,
			MinLimit: fiatLimit{INR: ch.minOnramp, PHP: ch.minOnramp},
			MaxLimit: fiatLimit{INR: transferLimit, PHP: phpMaximum},
		})
	}
	return answer(limits), nil
}
