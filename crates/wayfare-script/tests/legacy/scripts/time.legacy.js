// Dates, in the time of the run.
function check(what, is) { if (!is) throw new Error(what); }
var now = new Date();
check("one time", java.lang.System.currentTimeMillis() === now.getTime() && new java.util.Date().getTime() === now.getTime());
var format = new java.text.SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'");
var at = new java.util.Date(1700000000000);
check("written", format.format(at) === "2023-11-14T22:13:20.000Z");
check("read", format.parse("2023-11-14T22:13:20.000Z").getTime() === 1700000000000 && new java.text.SimpleDateFormat("dd/MM/yyyy").parse("14/11/2023").getTime() === 1699920000000);
check("with words", new java.text.SimpleDateFormat("EEE, d MMM yyyy").format(at) === "Tue, 14 Nov 2023");
check("compared", at.before(new Date(1800000000000)) && new Date(1800000000000).after(at) && at.compareTo(new Date(0)) > 0);
var calendar = java.util.Calendar.getInstance();
calendar.setTime(at);
calendar.add(java.util.Calendar.DATE, 20);
check("Calendar", calendar.get(java.util.Calendar.MONTH) === 11 && calendar.getTime().getTime() === 1700000000000 + 20 * 86400000);
var instant = java.time.Instant.ofEpochMilli(1700000000000);
check("Instant", instant.plusSeconds(60).toEpochMilli() === 1700000060000 && instant.isBefore(java.time.Instant.now().plusSeconds(1)) && String(instant) === "2023-11-14T22:13:20Z");
check("parsed", java.time.Instant.parse("2023-11-14T22:13:20Z").equals(instant));
check("ChronoUnit", java.time.temporal.ChronoUnit.MINUTES.between(instant, instant.plus(2, java.time.temporal.ChronoUnit.HOURS)) === 120);
check("Duration", java.time.Duration.ofMinutes(2).toMillis() === 120000 && java.time.Duration.between(instant, instant.plusSeconds(5)).getSeconds() === 5);
check("a pattern", java.time.format.DateTimeFormatter.ofPattern("yyyyMMdd").format(instant) === "20231114");
check("TimeUnit", java.util.concurrent.TimeUnit.MINUTES.toMillis(2) === 120000);
outcome = "true";
