using System.Reflection;
using Quire.Replacement;

namespace Quire.Compilation;

/// <summary>
/// A policy of somebody's own, held to its contract at each call: what it throws, a frame that it may not give up, and a call that takes too many steps
/// end as a <see cref="PolicyFailureException"/> that names the call.
/// </summary>
public struct GuardedPolicy<TPolicy> : IReplacementPolicy, IPolicyDefinition<GuardedPolicy<TPolicy>>, ITimedPolicy
    where TPolicy : struct, IReplacementPolicy, IPolicyDefinition<TPolicy>
{
    // A call may look at every frame many times, not for ever.
    private const long StepsAFrame = 1_000;
    private const long LeastSteps = 1_000_000;

    private readonly ReferenceBits _bits;
    private readonly bool[] _resident;
    private readonly Action<long> _refill;
    private readonly long _steps;
    private TPolicy _policy;

    private GuardedPolicy(in PolicySetup setup)
    {
        _bits = setup.Bits;
        _resident = new bool[setup.Frames];
        _steps = Math.Max(LeastSteps, StepsAFrame * setup.Frames);
        _refill = typeof(TPolicy).Assembly.GetType("PolicySteps")!.GetMethod("Refill", BindingFlags.Static | BindingFlags.Public)!.CreateDelegate<Action<long>>();
        _refill(_steps);
        try
        {
            _policy = TPolicy.Create(setup);
            TickInterval = _policy is ITimedPolicy timed ? timed.TickInterval : long.MaxValue;
        }
        catch (Exception exception) when (exception is not PolicyFormatException)
        {
            throw Failed("Create", exception);
        }
    }

    // Asked for once: it is code of the policy, too.
    private static readonly Lazy<(PolicyDescription Description, InformationSource Source)> Known = new(() => (TPolicy.Description, TPolicy.Source));

    public static PolicyDescription Description => Known.Value.Description;

    public static InformationSource Source => Known.Value.Source;

    public long TickInterval { get; }

    public static GuardedPolicy<TPolicy> Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival)
    {
        _refill(_steps);
        try
        {
            _policy.Admit(frame, arrival);
        }
        catch (Exception exception)
        {
            throw Failed(nameof(Admit), exception);
        }

        _resident[frame] = true;
    }

    public void Touch(int frame, int count, long time)
    {
        _refill(_steps);
        try
        {
            _policy.Touch(frame, count, time);
        }
        catch (Exception exception)
        {
            throw Failed(nameof(Touch), exception);
        }
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        _refill(_steps);
        int frame;
        try
        {
            frame = _policy.Evict(incoming, out shadow);
        }
        catch (Exception exception)
        {
            throw Failed(nameof(Evict), exception);
        }

        Check(frame, shadow);
        if (frame >= 0)
        {
            _resident[frame] = false;
        }

        return frame;
    }

    public void Remove(int frame)
    {
        _refill(_steps);
        try
        {
            _policy.Remove(frame);
        }
        catch (Exception exception)
        {
            throw Failed(nameof(Remove), exception);
        }

        _resident[frame] = false;
    }

    public void Tick(long time)
    {
        if (_policy is not ITimedPolicy timed)
        {
            return;
        }

        _refill(_steps);
        try
        {
            timed.Tick(time);
        }
        catch (Exception exception)
        {
            throw Failed(nameof(Tick), exception);
        }

        _policy = (TPolicy)timed;
    }

    public void SetNextUse(int frame, long nextUse)
    {
        _refill(_steps);
        try
        {
            _policy.SetNextUse(frame, nextUse);
        }
        catch (Exception exception)
        {
            throw Failed(nameof(SetNextUse), exception);
        }
    }

    private readonly void Check(int frame, int shadow)
    {
        if (frame < -1 || frame >= _resident.Length || (frame >= 0 && !_resident[frame]))
        {
            throw Failed(nameof(Evict), $"it gives up frame {frame}, which holds no page");
        }

        if (frame >= 0 && _bits.IsPinned(frame))
        {
            throw Failed(nameof(Evict), $"it gives up frame {frame}, which is pinned");
        }

        if (shadow is < Arrival.NoShadow or >= 1 << 30)
        {
            throw Failed(nameof(Evict), $"it leaves the shadow {shadow}; -1 to 2^30 - 1 can be kept");
        }

        if (frame >= 0)
        {
            return;
        }

        for (var candidate = 0; candidate < _resident.Length; candidate++)
        {
            if (_resident[candidate] && !_bits.IsPinned(candidate))
            {
                throw Failed(nameof(Evict), $"it gives nothing up, although frame {candidate} holds a page that is not pinned");
            }
        }
    }

    private static PolicyFailureException Failed(string call, Exception exception) => Failed(call, PolicyWords.Of(exception));

    private static PolicyFailureException Failed(string call, string what) => new(Description.Name, call, what);
}
