using System.Globalization;

namespace Quire.Kernel.Pressure;

/// <summary>
/// Running averages over 10, 60 and 300 seconds of the percentage of time lost, sampled every two seconds with the load average's fixed-point decay
/// (kernel/sched/psi.c, calc_avgs; kernel/sched/loadavg.c). Periods in which nothing changed are closed together when somebody looks, with what was
/// lost in each. Differs from Linux, whose sampling sleeps while nothing runs and counts missed periods as free of stalls.
/// </summary>
internal sealed class PressureAverages
{
    // FSHIFT and FIXED_1 of include/linux/sched/loadavg.h.
    private const int FractionBits = 11;
    private const ulong One = 1 << FractionBits;

    // EXP_10s, EXP_60s, EXP_300s of psi.c: 1 / exp(2 s / span).
    private static readonly ulong[] s_decay = [1677, 1981, 2034];

    private readonly ulong[] _averages = new ulong[3];

    public void Reset() => Array.Clear(_averages);

    /// <summary>Ends so many periods, in each of which this percentage of the time was lost.</summary>
    public void Close(long periods, int percent)
    {
        var active = (ulong)percent * One;
        for (var i = 0; i < _averages.Length; i++)
        {
            var decay = periods == 1 ? s_decay[i] : Power(s_decay[i], periods);
            var next = (_averages[i] * decay) + (active * (One - decay));
            _averages[i] = (next + (active >= _averages[i] ? One - 1 : 0)) / One;
        }
    }

    /// <summary>avg10=0.00 avg60=0.00 avg300=0.00, in percent.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"avg10={Show(_averages[0])} avg60={Show(_averages[1])} avg300={Show(_averages[2])}");

    private static string Show(ulong average) =>
        string.Create(CultureInfo.InvariantCulture, $"{average >> FractionBits}.{((average & (One - 1)) * 100) >> FractionBits:00}");

    // fixed_power_int.
    private static ulong Power(ulong value, long exponent)
    {
        var result = One;
        for (; exponent > 0; exponent >>= 1)
        {
            if ((exponent & 1) != 0)
            {
                result = ((result * value) + (One / 2)) >> FractionBits;
            }

            value = ((value * value) + (One / 2)) >> FractionBits;
        }

        return result;
    }
}
