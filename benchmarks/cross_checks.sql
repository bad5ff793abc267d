-- The five comparisons that invoices alone allow, as counts of pairs and of contradictions by rule.
WITH valid AS (SELECT * FROM invoices WHERE status = 'valid'),
year AS (
  SELECT * FROM valid, moment
  WHERE direction = 'sale' AND date > as_of - INTERVAL 12 MONTH AND date <= as_of AND total_fen > 0
),
tax AS (
  SELECT abs(tax_fen) > ceil(abs(net_fen) * CASE
      -- A red letter may cancel a sale of any earlier day, at the rate of that day.
      WHEN total_fen < 0 THEN 0.17
      WHEN date >= DATE '2019-04-01' THEN 0.13 WHEN date >= DATE '2018-05-01' THEN 0.16 ELSE 0.17 END::DOUBLE) + 6 AS bad
  FROM valid
),
twice AS (
  SELECT count(*) > 1 AS bad FROM invoices
  GROUP BY enterprise, direction, CASE direction WHEN 'sale' THEN enterprise ELSE counterparty END, code, number
),
numbers AS (
  SELECT DISTINCT enterprise, code, try_cast(number AS BIGINT) AS place FROM invoices
  WHERE direction = 'sale' AND try_cast(number AS BIGINT) IS NOT NULL
),
rolls AS (
  SELECT *, count(*) OVER roll AS present, max(place) OVER roll - min(place) OVER roll + 1 AS span
  FROM numbers WINDOW roll AS (PARTITION BY enterprise, code, place // 50)
),
steps AS (
  SELECT place - lag(place) OVER (PARTITION BY enterprise, code ORDER BY place) AS step
  FROM rolls WHERE present >= 0.8 * span AND present >= 10
),
shares AS (
  SELECT avg((isodow(date) > 5)::INT) - 2.0 / 7 > 0.20 AS weekend,
         avg((total_fen % 100000 = 0)::INT) - 0.25 > 0.60 AS round
  FROM year GROUP BY enterprise HAVING count(*) >= 20
)
SELECT 'tax-above-rate', count(*), sum(bad::INT) FROM tax
UNION ALL SELECT 'number-used-twice', count(*), sum(bad::INT) FROM twice
UNION ALL SELECT 'number-missing', count(*), sum((step > 1)::INT) FROM steps WHERE step < 25
UNION ALL SELECT 'weekend-sales', count(*), sum(weekend::INT) FROM shares
UNION ALL SELECT 'round-amounts', count(*), sum(round::INT) FROM shares
